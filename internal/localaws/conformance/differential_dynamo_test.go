package conformance

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// twins are one table in the local cloud and one of the same name at a peer.
type twins struct {
	speaker
	t            *testing.T
	local, other *dynamodb.Client
	name         string
	found        *findings
}

// attempt is one operation: its name, its request as text, and the call.
type attempt struct {
	operation string
	request   string
	call      func(api *dynamodb.Client) (map[string]string, error)
	silent    bool // its answer does not show all that it does
}

func playDynamo(t *testing.T, local *cloud, p *peer, found *findings, r *rand.Rand, ops int) {
	w := &twins{speaker: speaker{Rand: r}, t: t, local: local.dynamo(), other: p.cloud.dynamo(), name: unique("twin"), found: found}
	w.create(w.local)
	w.create(w.other)
	for i := range ops {
		w.fresh()
		a := w.attempt(p.name)
		parted, died := w.judge(a)
		if died {
			p.stop()
			p.start(t)
			w.create(w.other)
		}
		if parted {
			w.level()
		} else if a.silent || i%100 == 99 {
			w.audit()
		}
	}
	w.audit()
}

func (w *twins) create(api *dynamodb.Client) {
	in := &dynamodb.CreateTableInput{TableName: &w.name, BillingMode: types.BillingModePayPerRequest}
	keys("pk", "S", "sk", "N")(in)
	gsi("byG", "ALL", nil, "g", "S", "due", "N")(in)
	gsi("few", "INCLUDE", []string{"n"}, "g", "S")(in)
	if _, err := api.CreateTable(ctx, in); err != nil {
		w.t.Fatal(err)
	}
	if err := dynamodb.NewTableExistsWaiter(api).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &w.name}, time.Minute); err != nil {
		w.t.Fatal(err)
	}
}

// judge plays one operation on both sides.
func (w *twins) judge(a attempt) (parted, died bool) {
	sides := [2]outcome{}
	for i, api := range []*dynamodb.Client{w.local, w.other} {
		members, err := a.call(api)
		if out, failed := refused(err); failed {
			sides[i] = out
		} else {
			sides[i] = outcome{members: members}
		}
	}
	if !w.sound {
		a.operation += " (wild)"
	}
	died = sides[1].code == noAnswer
	return w.found.compare(a.operation, a.request, sides[0], sides[1]) || died, died
}

// attempt makes up the next operation.
func (w *twins) attempt(peer string) attempt {
	kind := w.IntN(100)
	if peer == "dynalite" && kind >= 90 { // it has no transactions
		kind -= 90
	}
	switch {
	case kind < 22:
		return w.put()
	case kind < 44:
		return w.update()
	case kind < 54:
		return w.remove()
	case kind < 62:
		return w.get()
	case kind < 76:
		return w.query()
	case kind < 82:
		return w.scan()
	case kind < 86:
		return w.batchWrite()
	case kind < 90:
		return w.batchGet()
	case kind < 97:
		return w.transactWrite()
	}
	return w.transactGet()
}

// key is a key of the small space, seldom a wrong one.
func (w *twins) key() item {
	key := item{"pk": str(w.of("a", "b", "c")), "sk": num(w.of("1", "2", "3", "10", "-1"))}
	if w.wild(6) {
		switch w.IntN(6) {
		case 0:
			delete(key, "sk")
		case 1:
			key["sk"] = str("1")
		case 2:
			key["pk"] = str("")
		case 3:
			key["pk"] = long(2049)
		case 4:
			key["more"] = num(1)
		case 5:
			key["sk"] = num(w.number())
		}
	}
	return key
}

// keysOnce are keys, for sound requests no two the same.
func (w *twins) keysOnce(n int) (out []item) {
	for len(out) < n {
		key := w.key()
		if !w.sound || !slices.ContainsFunc(out, func(other item) bool { return same(key, other) }) {
			out = append(out, key)
		}
	}
	return out
}

// item is a whole item.
func (w *twins) item() item {
	it := w.key()
	for range w.IntN(6) {
		switch w.IntN(12) {
		case 0, 1:
			it["n"] = num(w.number())
		case 2, 3:
			it["s"] = str(w.string())
		case 4:
			if it["g"] = str(w.of("G", "H")); w.wild(20) {
				it["g"] = str("")
			}
		case 5:
			it["due"] = num(w.of("1", "2", "3"))
		case 6:
			it["ss"] = strs("a", "b")
		case 7:
			it["ns"] = nums("1", "2")
		case 8:
			it["l"] = list(num(1), object(item{"k": str("v")}), str("a"))
		case 9:
			it["m"] = object(item{"k": w.value(2), "n": num(1)})
		default:
			name := w.of("b", "t", "u", "l", "m", "name", "x", "é")
			if w.wild(10) {
				name = w.of("due", "g")
			}
			it[name] = w.value(0)
		}
	}
	if w.wild(2) {
		it["huge"] = long(409_600)
	}
	return it
}

func (w *twins) maybeCondition() *string {
	if w.one(60) {
		return nil
	}
	return w.spoilt(w.condition(0))
}

// words writes the variable part of a request.
func (w *twins) words(parts ...any) string {
	var out []string
	for _, part := range parts {
		switch v := part.(type) {
		case *string:
			if v != nil {
				out = append(out, "«"+*v+"»")
			}
		case item:
			text := show(v)
			if len(text) > 300 {
				text = text[:300] + "…"
			}
			out = append(out, text)
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	if w.names != nil {
		out = append(out, fmt.Sprint(w.names))
	}
	return strings.Join(append(out, show(w.values)), " ")
}

func shown(it item) map[string]string {
	if it == nil {
		return map[string]string{}
	}
	return map[string]string{"Attributes": show(settled(it))}
}

// plainNumber is the shortest text of a number, so that only the value is compared.
func plainNumber(text string) string {
	if n, ok := new(big.Rat).SetString(text); ok && !strings.ContainsAny(text, "_/xXpP") {
		return n.RatString()
	}
	return text
}

// settled is a value whose sets, which have no order, are sorted, and whose numbers
// are in one form.
func settled(v any) any {
	switch v := v.(type) {
	case item:
		out := item{}
		for name, one := range v {
			out[name] = settled(one).(value)
		}
		return out
	case *types.AttributeValueMemberM:
		return object(settled(v.Value).(item))
	case *types.AttributeValueMemberL:
		out := []value{}
		for _, one := range v.Value {
			out = append(out, settled(one).(value))
		}
		return list(out...)
	case *types.AttributeValueMemberN:
		return num(plainNumber(v.Value))
	case *types.AttributeValueMemberNS:
		out := nums()
		for _, one := range v.Value {
			out.(*types.AttributeValueMemberNS).Value = append(out.(*types.AttributeValueMemberNS).Value, plainNumber(one))
		}
		slices.Sort(out.(*types.AttributeValueMemberNS).Value)
		return out
	case *types.AttributeValueMemberSS:
		slices.Sort(v.Value)
	case *types.AttributeValueMemberBS:
		slices.SortFunc(v.Value, bytes.Compare)
	}
	return v
}

func (w *twins) put() attempt {
	in := &dynamodb.PutItemInput{TableName: &w.name, Item: w.item(), ConditionExpression: w.maybeCondition(), ReturnValues: types.ReturnValue(w.of("", "", "NONE", "ALL_OLD", "ALL_OLD"))}
	if w.wild(2) {
		in.ReturnValues = "ALL_NEW"
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = w.names, w.values
	return attempt{"PutItem", w.words(in.Item, in.ConditionExpression, in.ReturnValues), func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.PutItem(ctx, in)
		if err != nil {
			return nil, err
		}
		return shown(out.Attributes), nil
	}, false}
}

func (w *twins) update() attempt {
	in := &dynamodb.UpdateItemInput{TableName: &w.name, Key: w.key(), UpdateExpression: w.spoilt(w.speaker.update()), ConditionExpression: w.maybeCondition(),
		ReturnValues: types.ReturnValue(w.of("", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"))}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = w.names, w.values
	removes := !strings.Contains(*in.UpdateExpression, "SET") && !strings.Contains(*in.UpdateExpression, "ADD")
	return attempt{"UpdateItem", w.words(in.Key, in.UpdateExpression, in.ConditionExpression, in.ReturnValues), func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.UpdateItem(ctx, in)
		if err != nil {
			return nil, err
		}
		return shown(out.Attributes), nil
	}, removes}
}

func (w *twins) remove() attempt {
	in := &dynamodb.DeleteItemInput{TableName: &w.name, Key: w.key(), ConditionExpression: w.maybeCondition(), ReturnValues: types.ReturnValue(w.of("", "ALL_OLD"))}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = w.names, w.values
	return attempt{"DeleteItem", w.words(in.Key, in.ConditionExpression, in.ReturnValues), func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.DeleteItem(ctx, in)
		if err != nil {
			return nil, err
		}
		return shown(out.Attributes), nil
	}, false}
}

func (w *twins) get() attempt {
	in := &dynamodb.GetItemInput{TableName: &w.name, Key: w.key(), ConsistentRead: aws.Bool(w.one(50))}
	if w.one(50) {
		in.ProjectionExpression = w.spoilt(w.projection())
	}
	in.ExpressionAttributeNames = w.names
	return attempt{"GetItem", w.words(in.Key, in.ProjectionExpression), func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.GetItem(ctx, in)
		if err != nil {
			return nil, err
		}
		return shown(out.Item), nil
	}, false}
}

// rowsShown writes items; those of an index, or of many partitions, sorted.
func rowsShown(items []item, sorted bool) string {
	var parts []string
	for _, it := range items {
		parts = append(parts, show(settled(it)))
	}
	if sorted {
		slices.Sort(parts)
	}
	return strings.Join(parts, "\n")
}

// whole reads a table, keyed by the items' keys.
func (w *twins) whole(api *dynamodb.Client) map[string]item {
	all := map[string]item{}
	pages := dynamodb.NewScanPaginator(api, &dynamodb.ScanInput{TableName: &w.name, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		for _, it := range must(pages.NextPage(ctx))(w.t).Items {
			all[show(settled(item{"pk": it["pk"], "sk": it["sk"]}))] = it
		}
	}
	return all
}

// audit compares what is stored, and makes the tables the same again.
func (w *twins) audit() {
	mine, theirs := w.whole(w.local), w.whole(w.other)
	for key := range mine {
		if a, b := show(settled(mine[key])), show(settled(theirs[key])); theirs[key] != nil && a != b {
			w.found.note("stored: "+manner(a, b), a+"\n\t"+b)
		}
		if theirs[key] == nil {
			w.found.note("stored: the peer lacks an item", key)
		}
	}
	for key := range theirs {
		if mine[key] == nil {
			w.found.note("stored: localaws lacks an item", key)
		}
	}
	w.level()
}

// level makes the peer's table the same as the local one; an item that the peer
// does not take is taken away on both sides.
func (w *twins) level() {
	mine, theirs := w.whole(w.local), w.whole(w.other)
	for key, it := range theirs {
		if mine[key] == nil {
			if _, err := w.other.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &w.name, Key: item{"pk": it["pk"], "sk": it["sk"]}}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for key, it := range mine {
		if theirs[key] != nil && same(it, theirs[key]) {
			continue
		}
		if _, err := w.other.PutItem(ctx, &dynamodb.PutItemInput{TableName: &w.name, Item: it}); err == nil {
			continue
		}
		for _, api := range []*dynamodb.Client{w.local, w.other} {
			if _, err := api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &w.name, Key: item{"pk": it["pk"], "sk": it["sk"]}}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}
