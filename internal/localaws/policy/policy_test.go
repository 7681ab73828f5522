package policy

import (
	"strings"
	"testing"
)

const rule = "arn:aws:events:us-east-1:000000000000:rule/bus/r"

var call = Call{Service: "events.amazonaws.com", Action: "sqs:SendMessage",
	Resource: "arn:aws:sqs:us-east-1:000000000000:q", Source: rule, Account: "000000000000"}

// statements wraps statements in a policy.
func statements(texts ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(texts, ",") + `]}`
}

const base = `"Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:q"`

func TestPolicyAllowsWhatAStatementAllowsAndNoneDenies(t *testing.T) {
	allow := `{"Effect":"Allow",` + base + `}`
	with := func(condition string) string { return `{"Effect":"Allow",` + base + `,"Condition":` + condition + `}` }
	for text, want := range map[string]bool{
		statements():                  false,
		`{"Statement":` + allow + `}`: true,
		statements(allow):             true,
		statements(strings.ReplaceAll(allow, "events.", "sns.")):                                                                                                    false,
		statements(strings.ReplaceAll(allow, `"events.amazonaws.com"`, `["sns.amazonaws.com","events.amazonaws.com"]`)):                                             true,
		statements(strings.ReplaceAll(allow, `{"Service":"events.amazonaws.com"}`, `"*"`)):                                                                          true,
		statements(strings.ReplaceAll(allow, `{"Service":"events.amazonaws.com"}`, `{"AWS":"*"}`)):                                                                  true,
		statements(strings.ReplaceAll(allow, `{"Service":"events.amazonaws.com"}`, `{"AWS":"000000000000"}`)):                                                       false,
		statements(strings.ReplaceAll(allow, "sqs:SendMessage", "SQS:sendmessage")):                                                                                 true,
		statements(strings.ReplaceAll(allow, "sqs:SendMessage", "sqs:Send*")):                                                                                       true,
		statements(strings.ReplaceAll(allow, "sqs:SendMessage", "*")):                                                                                               true,
		statements(strings.ReplaceAll(allow, `"sqs:SendMessage"`, `["sqs:ReceiveMessage"]`)):                                                                        false,
		statements(strings.ReplaceAll(allow, ":q\"", ":other\"")):                                                                                                   false,
		statements(strings.ReplaceAll(allow, "arn:aws:sqs:us-east-1:000000000000:q", "*")):                                                                          true,
		statements(strings.ReplaceAll(allow, ":q\"", ":?\"")):                                                                                                       true,
		statements(with(`{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}`)):                                                                                          true,
		statements(with(`{"ArnEquals":{"AWS:SourceARN":["x","` + rule + `"]}}`)):                                                                                    true,
		statements(with(`{"ArnEquals":{"aws:SourceArn":"` + rule + `2"}}`)):                                                                                         false,
		statements(with(`{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:*:rule/bus/*"}}`)):                                                                           true,
		statements(with(`{"ArnLike":{"aws:SourceArn":"arn:aws:*"}}`)):                                                                                               false,
		statements(with(`{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:rule/bus/r"}}`)):                                                                             false,
		statements(with(`{"StringLike":{"aws:SourceArn":"arn:aws:events:*"}}`)):                                                                                     true,
		statements(with(`{"StringEquals":{"aws:SourceArn":"` + rule + `"}}`)):                                                                                       true,
		statements(with(`{"StringEquals":{"aws:SourceArn":"arn:aws:events:*"}}`)):                                                                                   false,
		statements(with(`{"StringEquals":{"aws:SourceAccount":"000000000000"},"ArnLike":{"aws:SourceArn":"` + rule + `"}}`)):                                        true,
		statements(with(`{"StringEquals":{"aws:SourceAccount":"000000000001"},"ArnLike":{"aws:SourceArn":"` + rule + `"}}`)):                                        false,
		statements(with(`{"StringNotEquals":{"aws:SourceAccount":["1","000000000000"]}}`)):                                                                          false,
		statements(with(`{"StringNotEquals":{"aws:SourceAccount":["1","2"]}}`)):                                                                                     true,
		statements(with(`{"StringEqualsIfExists":{"aws:SourceAccount":"000000000000"}}`)):                                                                           true,
		statements(with(`{"Bool":{"aws:SecureTransport":"true"}}`)):                                                                                                 true,
		statements(with(`{"Bool":{"aws:SecureTransport":false}}`)):                                                                                                  false,
		statements(allow, `{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`):                 true,
		statements(allow, `{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`):                                                                      false,
		statements(allow, `{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceAccount":"000000000000"}}}`): true,
		statements(`{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`):                        false,
	} {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := p.Allows(call); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	if (*Policy)(nil).Allows(call) {
		t.Error("no policy allows a call")
	}
}

func TestPolicyThatIsNotUnderstoodIsNamedSo(t *testing.T) {
	ok := `{"Effect":"Allow",` + base
	for text, want := range map[string]string{
		``:                  "not the JSON of a policy",
		`[]`:                "not the JSON of a policy",
		`{"Statement":"x"}`: "not the JSON of a policy",
		`{"Statement":{}}`:  "effect",
		`{"Version":"2020-01-01","Statement":[]}`: "version",
		`{"Policy":1}`:                       "Policy is not known",
		statements(ok + `,"NotAction":"x"}`): "NotAction is not known",
		statements(ok + `,"Condition":{"DateLessThan":{"aws:CurrentTime":"x"}}}`):                   "DateLessThan of aws:CurrentTime is not known",
		statements(ok + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`):              "aws:PrincipalOrgID is not known",
		statements(ok + `,"Condition":{"StringEquals":{"aws:SourceArn":5}}}`):                       "a text or a list",
		statements(ok + `,"Condition":{"StringEquals":{"aws:SourceArn":[]}}}`):                      "has no values",
		statements(strings.ReplaceAll(ok, `{"Service":"events.amazonaws.com"}`, `"x"`) + "}"):       `principal "x"`,
		statements(strings.ReplaceAll(ok, `{"Service":"events.amazonaws.com"}`, `{"X":"x"}`) + "}"): "X is not known",
		statements(`{"Effect":"Allow","Principal":"*"}`):                                            "missing",
		statements(strings.ReplaceAll(ok, "Allow", "allow") + "}"):                                  `effect "allow"`,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(statements(`{"Effect":"Allow",`+base+`}`), rule)
	f.Add(statements(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`), rule)
	f.Fuzz(func(t *testing.T, text, source string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		c := call
		c.Source = source
		if first := p.Allows(c); first != p.Allows(c) {
			t.Errorf("%s: the answer changes", text)
		}
	})
}
