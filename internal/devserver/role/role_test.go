package role

import "testing"

func TestMatchFollowsIAMWildcards(t *testing.T) {
	cases := []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true},
		{"*", "anything", true},
		{"arn:aws:sqs:*:*:in", "arn:aws:sqs:ap-east-1:1:in", true},
		{"arn:aws:sqs:*:*:in", "arn:aws:sqs:ap-east-1:1:in2", false},
		{"table/T?", "table/T1", true},
		{"table/T?", "table/T", false},
		{"table/*/index/*", "table/T/index/due", true},
		{"table/*/index/*", "table/T", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false},
		{"", "", true},
		{"", "x", false},
	}
	for _, c := range cases {
		if got := Match(c.pattern, c.text); got != c.want {
			t.Errorf("Match(%q, %q): got %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func TestPolicyAllowsOnlyWhatIsStatedAndNeverWhatIsDenied(t *testing.T) {
	p := Policy{
		{Actions: []string{"dynamodb:PutItem", "dynamodb:Get*"}, Resources: []string{"arn:t/One"}},
		{Actions: []string{"SQS:sendmessage"}, Resources: []string{"arn:q/a", "arn:q/b"}},
		{Actions: []string{"s3:*"}, Resources: []string{"arn:b/*"}},
		{Deny: true, Actions: []string{"s3:DeleteObject"}, Resources: []string{"*"}},
		{Actions: []string{"dynamodb:PutItem"}, Resources: []string{"arn:t/Two"}},
	}
	cases := []struct {
		action, resource string
		want             bool
	}{
		{"dynamodb:PutItem", "arn:t/One", true},
		{"dynamodb:PutItem", "arn:t/Two", true},
		{"dynamodb:PutItem", "arn:t/Three", false},
		{"dynamodb:GetItem", "arn:t/One", true},
		{"dynamodb:GetItem", "arn:t/Two", false},
		{"dynamodb:Scan", "arn:t/One", false},
		{"sqs:SendMessage", "arn:q/b", true},
		{"sqs:ReceiveMessage", "arn:q/b", false},
		{"s3:PutObject", "arn:b/k", true},
		{"s3:DeleteObject", "arn:b/k", false},
	}
	for _, c := range cases {
		if got := p.Allows(c.action, c.resource); got != c.want {
			t.Errorf("%s on %s: got %v, want %v", c.action, c.resource, got, c.want)
		}
	}
	if (Policy{}).Allows("sqs:SendMessage", "*") {
		t.Error("an empty policy: got allowed, want refused")
	}
}
