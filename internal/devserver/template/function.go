package template

import (
	"strings"
	"time"

	"omnihub/internal/devserver/role"
)

// function reads an AWS::Serverless::Function with its events.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
func (r *resolver) function(m *Model, api *httpAPI, roles map[string]role.Policy, res *resource) (Function, error) {
	merged, err := r.globals("Function", field(res.node, "Properties"))
	if err != nil {
		return Function{}, err
	}
	o, err := r.properties(res.id+" ("+typeFunction+")", merged)
	if err != nil {
		return Function{}, err
	}
	f := Function{ID: res.id, Name: res.name, ARN: r.arn("lambda", "function:"+res.name), Line: res.node.Line}
	f.Code = o.text("CodeUri", "")
	if method := field(field(res.node, "Metadata"), "BuildMethod"); method == nil || method.Value != "makefile" {
		o.fail(res.node, "Metadata: BuildMethod must be makefile")
	}
	o.one("Runtime", "", "provided.al2023", "provided.al2")
	o.one("PackageType", "Zip", "Zip")
	f.Timeout = o.seconds("Timeout", 3, 1, 900)
	f.Memory = o.number("MemorySize", 128, 128, 10240)
	if o.has("ReservedConcurrentExecutions") {
		f.Concurrency = o.number("ReservedConcurrentExecutions", 0, 1, 1000)
	}
	environment := o.object("Environment")
	variables := environment.object("Variables")
	f.Environment = map[string]string{}
	for _, name := range variables.keys() {
		f.Environment[name] = variables.text(name, "")
	}
	_ = environment.done()

	generated := !o.has("Role")
	if generated {
		f.Role = r.inline(o)
	} else {
		arn := o.text("Role", "")
		policy, ok := roles[arn]
		if !ok {
			o.fail(o.get("Role"), "role %s is not in this template", arn)
		}
		if o.has("Policies") {
			o.fail(o.get("Policies"), "Policies have no effect beside Role")
		}
		f.Role = policy
	}
	f.Async = async(m, o)
	if generated && f.Async.OnFailure != "" {
		f.Role = append(f.Role, role.Statement{Actions: []string{"sqs:SendMessage"}, Resources: []string{f.Async.OnFailure}})
	}
	events := o.object("Events")
	for _, id := range events.keys() {
		e := events.object(id)
		e.what = res.id + ": event " + id
		kind := e.text("Type", "")
		p := e.object("Properties")
		p.what = e.what
		_ = e.done()
		switch kind {
		case "HttpApi":
			route := r.addRoute(api, f.ID, p)
			for _, other := range m.API.Routes {
				if other.Key() == route.Key() {
					p.fail(p.node, "route %s belongs to %s already", route.Key(), other.Function)
				}
			}
			m.API.Routes = append(m.API.Routes, route)
		case "SQS":
			if s, ok := r.queueSource(m, id, p, f.Timeout); ok {
				f.Queues = append(f.Queues, s)
			}
			if generated {
				f.Role = append(f.Role, role.Statement{Actions: QueueActions(), Resources: []string{"*"}})
			}
		case "DynamoDB":
			s, ok, more := r.streamSource(m, id, p)
			if ok {
				f.Streams = append(f.Streams, s)
			}
			if generated {
				f.Role = append(append(f.Role, role.Statement{Actions: StreamActions(), Resources: []string{"*"}}), more...)
			}
		case "ScheduleV2", "Schedule":
			if s, ok := readSchedule(m, f, roles, id, kind == "Schedule", p); ok {
				f.Schedules = append(f.Schedules, s)
			}
		case "EventBridgeRule":
			p.fail(p.node, "events of type EventBridgeRule are not played: write an AWS::Events::Rule whose target is a queue of its own, and read that queue")
		default:
			p.fail(p.node, "event type %s is not known", kind)
		}
	}
	return f, o.done("Handler", "Architectures", "FunctionName", "Description", "Tags", "Tracing", "LoggingConfig",
		"EphemeralStorage", "RecursiveLoop", "KmsKeyArn", "VpcConfig", "PropagateTags", "PermissionsBoundary")
}

// queueSource reads an event of type SQS; ok is false if it is switched off.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sqs.html
func (r *resolver) queueSource(m *Model, id string, p *object, timeout time.Duration) (s QueueSource, ok bool) {
	s.Event = id
	q := m.QueueByARN(p.text("Queue", ""))
	if q == nil {
		p.fail(p.node, "Queue %s is not in this template", p.text("Queue", ""))
		return s, false
	}
	s.Queue = q.ID
	s.Batch = p.number("BatchSize", 10, 1, 10000)
	s.Window = p.seconds("MaximumBatchingWindowInSeconds", 0, 0, 300)
	fifo := q.FIFO || q.Shuffled
	switch {
	case fifo && s.Batch > 10:
		p.fail(p.node, "BatchSize of a FIFO queue is 10 at most")
	case fifo && s.Window > 0:
		p.fail(p.node, "a FIFO queue has no batching window")
	case s.Batch > 10 && s.Window == 0:
		p.fail(p.node, "BatchSize over 10 wants MaximumBatchingWindowInSeconds")
	case q.Visibility < timeout:
		p.fail(p.node, "the queue's visibility timeout (%s) is shorter than the function's timeout (%s)", q.Visibility, timeout)
	}
	s.Partial = partial(p)
	if scaling := p.object("ScalingConfig"); p.has("ScalingConfig") {
		s.Concurrency = scaling.number("MaximumConcurrency", 0, 2, 1000)
		_ = scaling.done()
	}
	enabled := p.flag("Enabled", true)
	if n := p.get("FilterCriteria"); n != nil {
		p.fail(n, "FilterCriteria of an SQS event are not known")
	}
	_ = p.done("MetricsConfig")
	return s, enabled
}

func partial(p *object) bool {
	out := false
	for _, t := range p.texts("FunctionResponseTypes") {
		if t != "ReportBatchItemFailures" {
			p.fail(p.get("FunctionResponseTypes"), "response type %s is not known", t)
		}
		out = true
	}
	return out
}

// streamSource reads an event of type DynamoDB; ok is false if it is switched
// off. more are the permissions that SAM adds to a role that it makes.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-dynamodb.html
func (r *resolver) streamSource(m *Model, id string, p *object) (s StreamSource, ok bool, more role.Policy) {
	s.Event = id
	arn := p.text("Stream", "")
	for _, t := range m.Tables {
		if strings.HasPrefix(arn, t.ARN+"/stream/") && t.StreamView != "" {
			s.Table = t.ID
		}
	}
	if s.Table == "" {
		p.fail(p.node, "Stream %s is of no table in this template that has a stream", arn)
	}
	s.Latest = p.one("StartingPosition", "", "TRIM_HORIZON", "LATEST") == "LATEST"
	s.Batch = p.number("BatchSize", 100, 1, 10000)
	s.Window = p.seconds("MaximumBatchingWindowInSeconds", 0, 0, 300)
	s.Partial = partial(p)
	s.Bisect = p.flag("BisectBatchOnFunctionError", false)
	s.Retries = p.number("MaximumRetryAttempts", -1, -1, 10000)
	if age := p.number("MaximumRecordAgeInSeconds", -1, -1, 604800); age > 0 {
		s.MaxAge = time.Duration(age) * time.Second
	}
	p.number("ParallelizationFactor", 1, 1, 1)
	p.number("TumblingWindowInSeconds", 0, 0, 0)
	criteria := p.object("FilterCriteria")
	for _, f := range criteria.objects("Filters") {
		s.Filters = append(s.Filters, f.text("Pattern", ""))
		_ = f.done()
	}
	_ = criteria.done()
	destination := p.object("DestinationConfig")
	failure := destination.object("OnFailure")
	if bucket := failure.text("Destination", ""); bucket != "" {
		for _, b := range m.Buckets {
			if b.ARN == bucket {
				s.OnFailure = b.ID
			}
		}
		if s.OnFailure == "" {
			failure.fail(failure.node, "Destination %s is no bucket of this template", bucket)
		}
		if failure.text("Type", "") != "" {
			failure.one("Type", "", "S3")
			more = role.Policy{{Actions: []string{"s3:PutObject"}, Resources: []string{bucket + "/*"}},
				{Actions: []string{"s3:ListBucket"}, Resources: []string{bucket}}}
		}
	}
	_ = failure.done()
	_ = destination.done()
	enabled := p.flag("Enabled", true)
	_ = p.done("MetricsConfig")
	return s, enabled, more
}
