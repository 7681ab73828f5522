package template

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Types that are played.
const (
	typeFunction = "AWS::Serverless::Function"
	typeHTTPAPI  = "AWS::Serverless::HttpApi"
	typeTable    = "AWS::DynamoDB::Table"
	typeQueue    = "AWS::SQS::Queue"
	typeBucket   = "AWS::S3::Bucket"
	typeRole     = "AWS::IAM::Role"
	typeKey      = "AWS::KMS::Key"
	typeAlias    = "AWS::KMS::Alias"
	typeBus      = "AWS::Events::EventBus"
	typeRule     = "AWS::Events::Rule"
	typePolicy   = "AWS::SQS::QueuePolicy"
)

// Types that are accepted and not played, and that others refer to.
const (
	typePermission = "AWS::Lambda::Permission"
	typePool       = "AWS::Cognito::UserPool"
	typeClient     = "AWS::Cognito::UserPoolClient"
	typeDomain     = "AWS::Cognito::UserPoolDomain"
)

// passive lists the resource types that have no behaviour on a developer's
// machine, with the service part of their ARNs.
func passive(kind string) (service string, ok bool) {
	switch kind {
	case "AWS::Logs::LogGroup", "AWS::Logs::MetricFilter", "AWS::Logs::ResourcePolicy":
		return "logs", true
	case "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard":
		return "cloudwatch", true
	case "AWS::S3::BucketPolicy", typePermission, "AWS::SNS::TopicPolicy":
		return "policy", true
	case "AWS::SNS::Topic", "AWS::SNS::Subscription":
		return "sns", true
	case "AWS::Scheduler::ScheduleGroup":
		return "scheduler", true
	case typePool, typeClient, typeDomain:
		return "cognito-idp", true
	case "AWS::Budgets::Budget":
		return "budgets", true
	}
	return "", false
}

// resource is a resource whose condition holds.
type resource struct {
	id, kind string
	node     *yaml.Node // the whole resource
	name     string     // physical name, once asked for
	naming   bool
	implicit bool // made by SAM, not written in the template
}

// readResources lists the present resources and refuses unknown types.
func (r *resolver) readResources() error {
	section := r.sections["Resources"]
	for i := 0; i < len(section.Content); i += 2 {
		id, node := section.Content[i], section.Content[i+1]
		kind := field(node, "Type")
		if kind == nil {
			return r.errorf(id, "resource %s has no Type", id.Value)
		}
		for j := 0; j < len(node.Content); j += 2 {
			switch key := node.Content[j]; key.Value {
			case "Type", "Properties", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata":
			default:
				return r.errorf(key, "%s: resource attribute %s is not known", id.Value, key.Value)
			}
		}
		switch kind.Value {
		case typeFunction, typeHTTPAPI, typeTable, typeQueue, typeBucket, typeRole, typeKey, typeAlias, typeBus, typeRule, typePolicy:
		default:
			if _, ok := passive(kind.Value); !ok {
				return r.errorf(kind, "%s: resource type %s is not known", id.Value, kind.Value)
			}
		}
		if c := field(node, "Condition"); c != nil {
			holds, err := r.named(c)
			if err != nil {
				return err
			}
			if !holds {
				continue
			}
		}
		r.resources[id.Value] = &resource{id: id.Value, kind: kind.Value, node: node}
		r.order = append(r.order, id.Value)
	}
	for _, id := range r.order {
		if res := r.resources[id]; res.kind == typeFunction && field(field(res.node, "Properties"), "Role") == nil {
			r.addImplicit(id+"Role", typeRole)
		}
	}
	return nil
}

func (r *resolver) addImplicit(id, kind string) {
	if r.resources[id] == nil {
		r.resources[id] = &resource{id: id, kind: kind, node: &yaml.Node{Kind: yaml.MappingNode}, implicit: true}
	}
}

// ref resolves Ref: a pseudo parameter, a parameter or a resource.
func (r *resolver) ref(n *yaml.Node, name string) (*yaml.Node, error) {
	switch name {
	case "AWS::Region":
		return scalar(r.o.Region, n), nil
	case "AWS::AccountId":
		return scalar(r.o.Account, n), nil
	case "AWS::StackName":
		return scalar(r.o.Stack, n), nil
	case "AWS::StackId":
		return scalar("arn:aws:cloudformation:"+r.o.Region+":"+r.o.Account+":stack/"+r.o.Stack+"/local", n), nil
	case "AWS::Partition":
		return scalar("aws", n), nil
	case "AWS::URLSuffix":
		return scalar("amazonaws.com", n), nil
	case "AWS::NoValue":
		return nil, nil
	}
	if v := r.parameters[name]; v != nil {
		return v, nil
	}
	if v, ok := r.o.Known[name]; ok {
		return scalar(v, n), nil
	}
	res := r.resources[name]
	if res == nil {
		return nil, r.errorf(n, "Ref: there is no parameter or resource %s", name)
	}
	physical, err := r.physical(res)
	if err != nil {
		return nil, err
	}
	switch res.kind {
	case typeQueue:
		physical = r.o.AWSURL + "/" + r.o.Account + "/" + physical
	case typeRule:
		// The rule's name alone is given for the default bus only.
		// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1131
		bus, err := r.ruleBus(res)
		if err != nil {
			return nil, err
		}
		if bus != DefaultBus {
			physical = bus + "|" + physical
		}
	}
	return scalar(physical, n), nil
}

// getAtt resolves Fn::GetAtt, whose argument is "Id.Attribute" or a list of both.
func (r *resolver) getAtt(n, arg *yaml.Node) (*yaml.Node, error) {
	if arg.Kind == yaml.SequenceNode && len(arg.Content) == 2 {
		attribute, err := r.text(arg.Content[1])
		if err != nil {
			return nil, err
		}
		return r.attribute(n, arg.Content[0].Value, attribute)
	}
	id, attribute, ok := strings.Cut(arg.Value, ".")
	if !ok {
		return nil, r.errorf(n, "Fn::GetAtt wants Id.Attribute, got %s", describe(arg))
	}
	return r.attribute(n, id, attribute)
}

func (r *resolver) attribute(n *yaml.Node, id, attribute string) (*yaml.Node, error) {
	if v, ok := r.o.Known[id+"."+attribute]; ok {
		return scalar(v, n), nil
	}
	res := r.resources[id]
	if res == nil {
		return nil, r.errorf(n, "Fn::GetAtt: there is no resource %s", id)
	}
	name, err := r.physical(res)
	if err != nil {
		return nil, err
	}
	var out string
	switch res.kind + "." + attribute {
	case typeTable + ".Arn":
		out = r.arn("dynamodb", "table/"+name)
	case typeTable + ".StreamArn":
		out = r.arn("dynamodb", "table/"+name+"/stream/*")
	case typeQueue + ".Arn":
		out = r.arn("sqs", name)
	case typeQueue + ".QueueName":
		out = name
	case typeQueue + ".QueueUrl":
		return r.ref(n, id)
	case typeBucket + ".Arn":
		out = "arn:aws:s3:::" + name
	case typeFunction + ".Arn":
		out = r.arn("lambda", "function:"+name)
	case typeRole + ".Arn":
		out = "arn:aws:iam::" + r.o.Account + ":role/" + name
	case typeKey + ".Arn":
		out = r.arn("kms", "key/"+name)
	case typeKey + ".KeyId":
		out = name
	case typeBus + ".Arn":
		out = r.arn("events", "event-bus/"+name)
	case typeBus + ".Name":
		out = name
	case typeRule + ".Arn":
		bus, err := r.ruleBus(res)
		if err != nil {
			return nil, err
		}
		if bus == DefaultBus {
			out = r.arn("events", "rule/"+name)
		} else {
			out = r.arn("events", "rule/"+bus+"/"+name)
		}
	case typeHTTPAPI + ".ApiEndpoint":
		out = r.o.APIURL
	case typeHTTPAPI + ".ApiId":
		out = name
	case typePool + ".Arn":
		out = r.arn("cognito-idp", "userpool/"+name)
	case typePool + ".UserPoolId", typeClient + ".ClientId":
		out = name
	case typePool + ".ProviderName":
		out = "cognito-idp." + r.o.Region + ".amazonaws.com/" + name
	case typePool + ".ProviderURL":
		out = "https://cognito-idp." + r.o.Region + ".amazonaws.com/" + name
	default:
		service, ok := passive(res.kind)
		if !ok || !strings.HasSuffix(attribute, "Arn") {
			return nil, r.errorf(n, "Fn::GetAtt: attribute %s of %s is not known", attribute, res.kind)
		}
		if out = r.arn(service, name); service == "logs" {
			out = r.arn(service, "log-group:"+name+":*")
		}
	}
	return scalar(out, n), nil
}

func (r *resolver) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + r.o.Region + ":" + r.o.Account + ":" + rest
}

// physical is the name under which the resource exists: the one in its
// properties, else stack and logical id.
func (r *resolver) physical(res *resource) (string, error) {
	if res.name != "" {
		return res.name, nil
	}
	if res.naming {
		return "", r.errorf(res.node, "the name of %s depends on itself", res.id)
	}
	res.naming = true
	defer func() { res.naming = false }()

	property := map[string]string{
		typeFunction: "FunctionName", typeTable: "TableName", typeQueue: "QueueName", typeBucket: "BucketName",
		typeRole: "RoleName", typeAlias: "AliasName", typeBus: "Name", typeRule: "Name", typeDomain: "Domain", "AWS::Logs::LogGroup": "LogGroupName", "AWS::SNS::Topic": "TopicName",
		"AWS::CloudWatch::Alarm": "AlarmName", "AWS::Scheduler::ScheduleGroup": "Name",
	}[res.kind]
	properties := field(res.node, "Properties")
	name := ""
	if given := field(properties, property); property != "" && given != nil {
		v, err := r.value(given)
		if err != nil {
			return "", err
		}
		if v != nil {
			name = v.Value
		}
	}
	if name == "" {
		name = r.o.Stack + "-" + res.id
		switch fifo := field(properties, "FifoQueue"); {
		case res.kind == typeBucket:
			name = strings.ToLower(name)
		case res.kind == typeHTTPAPI:
			name = strings.ToLower(res.id)
		case res.kind == typePool:
			name = r.o.Region + "_" + res.id
		case res.kind == typeClient:
			name = strings.ToLower(res.id)
		case res.kind == typeQueue && fifo != nil && fifo.Value == "true":
			name += ".fifo"
		}
	}
	if res.kind == typeQueue && r.o.Shuffle {
		name = strings.TrimSuffix(name, ".fifo")
	}
	res.name = name
	return name, nil
}
