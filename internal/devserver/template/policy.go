package template

import (
	"strings"

	"gopkg.in/yaml.v3"

	"omnihub/internal/devserver/role"
)

// managed are the policies that AWS keeps itself, as far as they concern what is
// played here. Permissions for logs and traces have no behaviour.
func (r *resolver) managed(name string) (role.Policy, bool) {
	switch name[strings.LastIndexByte(name, '/')+1:] {
	case "AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess":
		return nil, true
	case "AWSLambdaSQSQueueExecutionRole":
		return role.Policy{{Actions: QueueActions(), Resources: []string{"*"}}}, true
	case "AWSLambdaDynamoDBExecutionRole":
		return role.Policy{{Actions: StreamActions(), Resources: []string{"*"}}}, true
	}
	return nil, false
}

// QueueActions are what a role must allow so that Lambda reads a queue for its
// function. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func QueueActions() []string {
	return []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
}

// StreamActions are what a role must allow so that Lambda reads a stream for its
// function. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
func StreamActions() []string {
	return []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"}
}

// rolePolicy reads the permissions of an AWS::IAM::Role.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
func (r *resolver) rolePolicy(res *resource) (role.Policy, error) {
	o, err := r.properties(res.id+" ("+res.kind+")", field(res.node, "Properties"))
	if err != nil {
		return nil, err
	}
	var out role.Policy
	for _, name := range o.texts("ManagedPolicyArns") {
		p, ok := r.managed(name)
		if !ok {
			o.fail(o.get("ManagedPolicyArns"), "managed policy %s is not known", name)
		}
		out = append(out, p...)
	}
	for _, p := range o.objects("Policies") {
		out = append(out, statements(p.object("PolicyDocument"))...)
		_ = p.done("PolicyName")
	}
	return out, o.done("AssumeRolePolicyDocument", "RoleName", "Description", "Path", "MaxSessionDuration", "Tags")
}

// inline reads the Policies of a function without a role of its own: names of
// managed policies and policy documents.
func (r *resolver) inline(o *object) role.Policy {
	n := o.get("Policies")
	if n == nil {
		return nil
	}
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	var out role.Policy
	for _, item := range list {
		if item.Kind == yaml.ScalarNode {
			p, ok := r.managed(item.Value)
			if !ok {
				o.fail(item, "managed policy %s is not known", item.Value)
			}
			out = append(out, p...)
			continue
		}
		if item.Kind == yaml.MappingNode && field(item, "Statement") == nil && len(item.Content) > 0 {
			o.fail(item, "policy template %s is not known: write its statements", item.Content[0].Value)
			continue
		}
		out = append(out, statements(o.below(o.what+": Policies", item))...)
	}
	return out
}

// statements reads a policy document.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
func statements(doc *object) role.Policy {
	var out role.Policy
	list := []*object{}
	if n := doc.get("Statement"); n != nil && n.Kind == yaml.MappingNode {
		list = append(list, doc.object("Statement"))
	} else {
		list = doc.objects("Statement")
	}
	for _, s := range list {
		st := role.Statement{
			Deny:      s.one("Effect", "", "Allow", "Deny") == "Deny",
			Actions:   s.texts("Action"),
			Resources: s.texts("Resource"),
		}
		if len(st.Actions) == 0 || len(st.Resources) == 0 {
			s.fail(s.node, "a statement wants Action and Resource")
		}
		if conditions(s) {
			out = append(out, st)
		}
		_ = s.done("Sid")
	}
	_ = doc.done("Version", "Id")
	return out
}

// conditions reports whether a statement's conditions hold here. Only those that
// are the same for every call on this machine are known.
func conditions(s *object) bool {
	holds := true
	all := s.object("Condition")
	for _, operator := range all.keys() {
		test := all.object(operator)
		for _, key := range test.keys() {
			values := test.texts(key)
			var actual string
			switch key {
			case "aws:SecureTransport":
				actual = "true"
			case "aws:SourceAccount", "aws:PrincipalAccount", "aws:ResourceAccount":
				actual = s.r.o.Account
			case "aws:RequestedRegion":
				actual = s.r.o.Region
			default:
				test.fail(test.node, "condition key %s is not known", key)
			}
			fits := false
			for _, v := range values {
				fits = fits || role.Match(v, actual)
			}
			switch operator {
			case "StringEquals", "StringLike", "Bool":
			case "StringNotEquals", "StringNotLike":
				fits = !fits
			default:
				test.fail(test.node, "condition operator %s is not known", operator)
			}
			holds = holds && fits
		}
	}
	return holds
}
