package localaws

import (
	"strings"
	"testing"
)

func TestItemsAreLoadedOverHTTP(t *testing.T) {
	_, url := start(t, Config{})
	aws(t, url, "DynamoDB_20120810.CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`)
	const two = `{"pk":{"S":"a"},"x":{"N":"1"}}` + "\n" + `{"pk":{"S":"b"}}` + "\n"
	load := url + "/_localaws/load"
	if got := call(t, "POST", load+"?table=tab", two); got.status != 200 || got.body != `{"loaded":2}`+"\n" {
		t.Errorf("got %+v", got)
	}
	if got := aws(t, url, "DynamoDB_20120810.GetItem", `{"TableName":"tab","Key":{"pk":{"S":"a"}}}`); !strings.Contains(got.body, `"x":{"N":"1"}`) {
		t.Errorf("got %+v, want the item", got)
	}
	for _, test := range []struct{ method, query, body, want string }{
		{"POST", "", two, "the query is"},
		{"POST", "?table=tab&batch=3", two, "the query is"},
		{"POST", "?table=tab&table=tab", two, "the query is"},
		{"POST", "?table=none", two, `table "none" cannot be loaded`},
		{"POST", "?table=tab", two + `{"x":{"N":"1"}}`, "line 3 cannot be loaded: ValidationException: One or more parameter values were invalid: Missing the key pk in the item (0 items are loaded)"},
		{"GET", "?table=tab", "", "no such control"},
	} {
		if got := call(t, test.method, load+test.query, test.body); got.status/100 != 4 || !strings.Contains(got.body, test.want) {
			t.Errorf("%s %s: got %d %s, want %s", test.method, test.query, got.status, got.body, test.want)
		}
	}
}
