package deploy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// publicRoutes are the routes that need no token: what calls them proves itself
// in another way, or reads what anybody may.
var publicRoutes = []string{"ANY /webhooks/{channel}/{connection}", "GET /v1/openapi.json",
	"GET /l/{token}", "POST /l/{token}", "GET /liff", "POST /liff", "GET /media/{team}/{file}"}

// receives are the receives after which a queue gives a message up: inbound and
// profile keep poison aside at its eighth try, and a paced send comes back many
// times.
var receives = map[string]string{"InboundQueue": "10", "MatchQueue": "10", "LinkFollowQueue": "10", "ProfileQueue": "10", "OutboundQueue": "100"}

// restorable are the tables that must be restorable.
var restorable = []string{"ContactsTable", "MessagesTable", "ConfigTable"}

func TestEveryFunctionIsBuiltAndBoundedAsTheHouseDoes(t *testing.T) {
	d := read(t)
	functions := d.of("AWS::Serverless::Function")
	roles := map[string]string{}
	for _, f := range functions {
		global := func(name string) string {
			if v := text(f.properties, name); v != "" {
				return v
			}
			return text(d.globals, "Function", name)
		}
		if got := global("Runtime"); got != "provided.al2023" {
			t.Errorf("%s: got runtime %q, want provided.al2023", f.name, got)
		}
		if got := fmt.Sprint(at(d.globals, "Function", "Architectures")); got != "[arm64]" {
			t.Errorf("%s: got architectures %s, want arm64", f.name, got)
		}
		if text(f.attributes, "Metadata", "BuildMethod") != "makefile" {
			t.Errorf("%s is not built by the Makefile", f.name)
		}
		if global("Timeout") == "" || global("MemorySize") == "" {
			t.Errorf("%s has no timeout or no memory size of its own", f.name)
		}
		// Of Lambda's own lines those of failures only: the others would be paid for.
		for name, want := range map[string]string{"LogFormat": "JSON", "SystemLogLevel": "WARN"} {
			if got := text(f.properties, "LoggingConfig", name); got != want {
				t.Errorf("%s: got %s %q, want %q", f.name, name, got, want)
			}
		}
		group, ok := d.resources[target(at(f.properties, "LoggingConfig", "LogGroup"))]
		if !ok || text(group.properties, "RetentionInDays") == "" {
			t.Errorf("%s has no log group with a retention", f.name)
		}
		role := target(f.properties["Role"])
		if d.resources[role].kind != "AWS::IAM::Role" {
			t.Errorf("%s has no role of its own", f.name)
		}
		if other, ok := roles[role]; ok {
			t.Errorf("%s and %s share a role", f.name, other)
		}
		roles[role] = f.name
		if f.properties["Policies"] != nil {
			t.Errorf("%s has policies beside its role", f.name)
		}
		if f.properties["VpcConfig"] != nil {
			t.Errorf("%s stands in a VPC", f.name)
		}
		variables, _ := at(f.properties, "Environment", "Variables").(map[string]any)
		for name := range variables {
			if name == "CLOCK_OFFSET" || name == "PLATFORM_URL" || strings.HasPrefix(name, "AWS_") {
				t.Errorf("%s sets %s, which belongs to the local stack", f.name, name)
			}
		}
	}
	if strings.Contains(d.text, "CLOCK_OFFSET") || strings.Contains(d.text, "PLATFORM_URL") {
		t.Error("the template names a variable of the local stack")
	}
}

func TestRolesAllowNothingTooMuch(t *testing.T) {
	d := read(t)
	for _, s := range statements(d) {
		for _, action := range s.actions {
			if strings.Contains(action, "*") {
				t.Errorf("%s allows %s", s.role, action)
			}
			if action == "dynamodb:Scan" || action == "dynamodb:PartiQLSelect" {
				t.Errorf("%s may scan", s.role)
			}
		}
		for _, r := range s.resources {
			if r == "*" {
				t.Errorf("%s allows %v on everything", s.role, s.actions)
			}
		}
	}
}

func TestIngressMaySendAndReadSettingsOnly(t *testing.T) {
	d := read(t)
	for _, s := range statements(d) {
		if s.role != "IngressRole" {
			continue
		}
		for _, action := range s.actions {
			for _, r := range s.resources {
				switch {
				case strings.HasPrefix(action, "logs:") && r == "!GetAtt IngressLog.Arn":
				case action == "dynamodb:GetItem" && r == "!GetAtt ConfigTable.Arn":
				case action == "sqs:SendMessage" && r == "!GetAtt InboundQueue.Arn":
				case action == "kms:Decrypt" && r == "!GetAtt SecretsKey.Arn":
				default:
					t.Errorf("ingress may %s on %s", action, r)
				}
			}
		}
	}
}

func TestEveryQueueHasItsDeadLettersAndBounds(t *testing.T) {
	d := read(t)
	dead := map[string]bool{}
	for _, e := range d.events("ScheduleV2") {
		dead[target(at(e.properties, "DeadLetterConfig", "Arn"))] = true
	}
	for _, r := range d.of("AWS::Events::Rule") {
		for _, to := range list(r.properties["Targets"]) {
			dead[target(at(to, "DeadLetterConfig", "Arn"))] = true
		}
	}
	for _, q := range d.of("AWS::SQS::Queue") {
		if p := at(q.properties, "RedrivePolicy"); p != nil {
			dead[target(at(p, "deadLetterTargetArn"))] = true
		}
	}
	protected := map[string]bool{}
	for _, p := range d.of("AWS::SQS::QueuePolicy") {
		if strings.Contains(fmt.Sprint(p.properties["PolicyDocument"]), "aws:SecureTransport:false") &&
			strings.Contains(fmt.Sprint(p.properties["PolicyDocument"]), "Effect:Deny") {
			for _, q := range list(p.properties["Queues"]) {
				protected[target(q)] = true
			}
		}
	}
	for _, q := range d.of("AWS::SQS::Queue") {
		if text(q.properties, "SqsManagedSseEnabled") != "true" || q.properties["KmsMasterKeyId"] != nil {
			t.Errorf("%s is not encrypted by SSE-SQS", q.name)
		}
		if !protected[q.name] {
			t.Errorf("%s takes calls without TLS", q.name)
		}
		if dead[q.name] {
			if got := text(q.properties, "MessageRetentionPeriod"); got != "1209600" {
				t.Errorf("%s keeps dead letters %s s, want 14 days", q.name, got)
			}
			if !alarmed(d, "ApproximateNumberOfMessagesVisible", q.name) {
				t.Errorf("%s has no alarm", q.name)
			}
			continue
		}
		own := d.resources[target(at(q.properties, "RedrivePolicy", "deadLetterTargetArn"))]
		if own.kind != "AWS::SQS::Queue" {
			t.Errorf("%s has no dead-letter queue", q.name)
		}
		if text(own.properties, "FifoQueue") != text(q.properties, "FifoQueue") {
			t.Errorf("%s and its dead-letter queue are of different kinds", q.name)
		}
		want := receives[q.name]
		if want == "" {
			want = "5"
		}
		if got := text(q.properties, "RedrivePolicy", "maxReceiveCount"); got != want {
			t.Errorf("%s gives up after %s receives, want %s", q.name, got, want)
		}
		if got := text(q.properties, "MessageRetentionPeriod"); got != "345600" {
			t.Errorf("%s keeps messages %s s, want 4 days", q.name, got)
		}
		if text(q.properties, "FifoQueue") == "true" &&
			(text(q.properties, "DeduplicationScope") != "messageGroup" || text(q.properties, "FifoThroughputLimit") != "perMessageGroupId") {
			t.Errorf("%s is not in high-throughput mode", q.name)
		}
		if !alarmed(d, "ApproximateAgeOfOldestMessage", q.name) {
			t.Errorf("%s has no alarm on the age of its oldest message", q.name)
		}
	}
}

func TestEverySourceReportsItsFailures(t *testing.T) {
	d := read(t)
	for _, e := range d.events("SQS") {
		q := d.resources[target(e.properties["Queue"])]
		f := d.resources[e.function]
		timeout, _ := strconv.Atoi(text(f.properties, "Timeout"))
		visibility, _ := strconv.Atoi(text(q.properties, "VisibilityTimeout"))
		if timeout == 0 || visibility != 6*timeout {
			t.Errorf("%s: visibility %d s, want 6 × %s's timeout of %d s", q.name, visibility, e.function, timeout)
		}
		if fmt.Sprint(at(e.properties, "FunctionResponseTypes")) != "[ReportBatchItemFailures]" {
			t.Errorf("%s.%s does not report single failures", e.function, e.name)
		}
		if text(e.properties, "ScalingConfig", "MaximumConcurrency") == "" {
			t.Errorf("%s.%s has no maximum concurrency", e.function, e.name)
		}
		if text(q.properties, "FifoQueue") == "true" && e.properties["MaximumBatchingWindowInSeconds"] != nil {
			t.Errorf("%s.%s has a batching window on a FIFO queue", e.function, e.name)
		}
	}
	if got := text(d.resources["Inbound"].properties, "Timeout"); got != "5" {
		t.Errorf("inbound's timeout is %s s, want 5", got)
	}
	for _, e := range d.events("DynamoDB") {
		for name, want := range map[string]string{
			"StartingPosition": "TRIM_HORIZON", "BisectBatchOnFunctionError": "true", "MaximumRecordAgeInSeconds": "43200",
			"FunctionResponseTypes": "[ReportBatchItemFailures]",
		} {
			if got := text(e.properties, name); got != want {
				t.Errorf("%s.%s: got %s %q, want %q", e.function, e.name, name, got, want)
			}
		}
		if e.properties["ParallelizationFactor"] != nil {
			t.Errorf("%s.%s reads several batches of a shard at a time", e.function, e.name)
		}
		if d.resources[target(at(e.properties, "DestinationConfig", "OnFailure", "Destination"))].kind != "AWS::S3::Bucket" {
			t.Errorf("%s.%s does not keep failed records in a bucket", e.function, e.name)
		}
		if !alarmed(d, "IteratorAge", e.function) {
			t.Errorf("%s has no alarm on the iterator's age", e.function)
		}
	}
	for _, e := range d.events("ScheduleV2") {
		if text(e.properties, "DeadLetterConfig", "Arn") == "" || e.properties["Input"] == nil {
			t.Errorf("%s.%s has no dead-letter queue or no input", e.function, e.name)
		}
		if regexp.MustCompile(`rate\(1 [a-z]+s\)`).MatchString(text(e.properties, "ScheduleExpression")) {
			t.Errorf("%s.%s: %s needs the singular unit", e.function, e.name, text(e.properties, "ScheduleExpression"))
		}
	}
}

func TestTablesAreKept(t *testing.T) {
	d := read(t)
	tables := d.of("AWS::DynamoDB::Table")
	if len(tables) != 4 {
		t.Errorf("got %d tables, want 4", len(tables))
	}
	for _, table := range tables {
		for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
			if text(table.attributes, policy) != "Retain" {
				t.Errorf("%s: %s is not Retain", table.name, policy)
			}
		}
		for path, want := range map[string]string{
			"BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": "true", "SSESpecification.SSEEnabled": "true",
		} {
			if got := text(table.properties, strings.Split(path, ".")...); got != want {
				t.Errorf("%s: got %s %q, want %q", table.name, path, got, want)
			}
		}
		if slices.Contains(restorable, table.name) &&
			text(table.properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != "true" {
			t.Errorf("%s cannot be restored to a point in time", table.name)
		}
	}
	for _, name := range []string{"ContactsTable", "MessagesTable"} {
		if got := text(d.resources[name].properties, "StreamSpecification", "StreamViewType"); got != "NEW_AND_OLD_IMAGES" {
			t.Errorf("%s: got stream %q, want new and old images", name, got)
		}
	}
	for _, name := range []string{"MessagesTable", "LedgerTable"} {
		if text(d.resources[name].properties, "TimeToLiveSpecification", "AttributeName") != "ttl" {
			t.Errorf("%s has no time to live", name)
		}
	}
	for _, b := range d.of("AWS::S3::Bucket") {
		if b.properties["BucketEncryption"] == nil || text(b.properties, "PublicAccessBlockConfiguration", "BlockPublicPolicy") != "true" {
			t.Errorf("%s is not encrypted, or may be public", b.name)
		}
	}
}

func TestRoutesAreGuarded(t *testing.T) {
	d := read(t)
	api := d.resources["Api"]
	for _, e := range d.events("HttpApi") {
		route := text(e.properties, "Method") + " " + text(e.properties, "Path")
		authorizer := text(e.properties, "Auth", "Authorizer")
		if authorizer == "" {
			authorizer = text(api.properties, "Auth", "DefaultAuthorizer")
		}
		public := slices.Contains(publicRoutes, route)
		if (authorizer == "" || authorizer == "NONE") != public {
			t.Errorf("route %s: got authorizer %q, and on the list of public routes: %v", route, authorizer, public)
		}
		if public && text(api.properties, "RouteSettings", route, "ThrottlingRateLimit") == "" {
			t.Errorf("route %s has no throttle of its own", route)
		}
	}
	if text(api.properties, "DefaultRouteSettings", "ThrottlingRateLimit") == "" {
		t.Error("the API has no default throttle")
	}
	format := text(api.properties, "AccessLogSettings", "Format")
	for _, word := range []string{"path", "query", "header", "body", "authorizer", "identity"} {
		if format == "" || strings.Contains(strings.ToLower(format), word) {
			t.Errorf("the access log is missing or names %q", word)
		}
	}
	for _, origin := range list(at(api.properties, "CorsConfiguration", "AllowOrigins")) {
		if fmt.Sprint(origin) == "*" {
			t.Error("every origin may call the API")
		}
	}
	if !alarmed(d, "5xx", "Api") {
		t.Error("the API has no alarm on server errors")
	}
}

type statement struct {
	role               string
	actions, resources []string
}

func statements(d document) []statement {
	var all []statement
	for _, r := range d.of("AWS::IAM::Role") {
		for _, p := range list(r.properties["Policies"]) {
			for _, s := range list(at(p, "PolicyDocument", "Statement")) {
				st := statement{role: r.name}
				for _, a := range list(at(s, "Action")) {
					st.actions = append(st.actions, fmt.Sprint(a))
				}
				for _, x := range list(at(s, "Resource")) {
					st.resources = append(st.resources, fmt.Sprint(x))
				}
				all = append(all, st)
			}
		}
		for _, managed := range list(r.properties["ManagedPolicyArns"]) {
			all = append(all, statement{role: r.name, actions: []string{"*"}, resources: []string{fmt.Sprint(managed)}})
		}
	}
	return all
}

// alarmed reports whether an alarm watches a metric of a resource.
func alarmed(d document, metric, resource string) bool {
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		for _, w := range watched(a) {
			if w.metric != metric {
				continue
			}
			for _, v := range w.dims {
				if target(v) == resource {
					return true
				}
			}
		}
	}
	return false
}
