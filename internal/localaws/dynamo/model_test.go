package dynamo

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/localaws/disk"
)

// model is a table as a map, for comparison: attributes by name, by pk and sk.
type model map[[2]string]map[string]string

// wireItem writes an item of the model.
func wireItem(key [2]string, attrs map[string]string) string {
	all := map[string]json.RawMessage{"pk": json.RawMessage(fmt.Sprintf(`{"S":%q}`, key[0])), "sk": json.RawMessage(fmt.Sprintf(`{"S":%q}`, key[1]))}
	for name, v := range attrs {
		all[name] = json.RawMessage(v)
	}
	text, _ := json.Marshal(all)
	return string(text)
}

// list writes the items of the keys in their order.
func (m model) list(keys [][2]string) string {
	parts := []string{}
	for _, key := range keys {
		parts = append(parts, wireItem(key, m[key]))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// partition are the keys of one pk within a range of sks, in order.
func (m model) partition(pk string, in func(sk string) bool) [][2]string {
	var keys [][2]string
	for key := range m {
		if key[0] == pk && in(key[1]) {
			keys = append(keys, key)
		}
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i][1] < keys[j][1] })
	return keys
}

// subject is an engine and what it should hold.
type subject struct {
	*rig
	store *disk.Store
	path  string
	items model
	// changes is what the stream should hold
	changes []string
}

func number(v string) int {
	n := 0
	fmt.Sscanf(v, `{"N":"%d"}`, &n)
	return n
}

func (s *subject) expectChange(key [2]string, before, after map[string]string) {
	old, new := "", ""
	if before != nil {
		old = wireItem(key, before)
	}
	if after != nil {
		new = wireItem(key, after)
	}
	if old != new {
		s.changes = append(s.changes, key[0]+" "+old+" "+new)
	}
}

// apply changes the model; nil deletes.
func (s *subject) apply(key [2]string, after map[string]string) {
	s.expectChange(key, s.items[key], after)
	if after == nil {
		delete(s.items, key)
	} else {
		s.items[key] = after
	}
}

// read returns the changes that the stream shows, in order of their sequence numbers.
func (s *subject) read() []string {
	var arn string
	for arn = range s.Tips() {
	}
	type record struct {
		Dynamodb struct {
			Keys, OldImage, NewImage json.RawMessage
			SequenceNumber           string
		}
	}
	var all []record
	for i := range 4 {
		var page struct{ Records []record }
		if err := json.Unmarshal([]byte(s.mustf("GetRecords", `{"ShardIterator":"%s|%d|0|9999999999999"}`, arn, i)), &page); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, page.Records...)
	}
	slices.SortFunc(all, func(a, b record) int { return strings.Compare(a.Dynamodb.SequenceNumber, b.Dynamodb.SequenceNumber) })
	var out []string
	for _, r := range all {
		var keys struct{ Pk struct{ S string } }
		if err := json.Unmarshal(r.Dynamodb.Keys, &keys); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, keys.Pk.S+" "+string(r.Dynamodb.OldImage)+" "+string(r.Dynamodb.NewImage))
	}
	return out
}

// check compares everything that can be read with the model.
func (s *subject) check(t *rapid.T) {
	for pk := range 3 {
		name := fmt.Sprint("p", pk)
		got := s.mustf("Query", `{"TableName":"tab","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"%s"}}}`, name)
		keys := s.items.partition(name, func(string) bool { return true })
		if want := fmt.Sprintf(`{"Items":%s,"Count":%d,"ScannedCount":%d}`, s.items.list(keys), len(keys), len(keys)); got != want {
			t.Fatalf("partition: got\n%s\nwant\n%s", got, want)
		}
	}
	for g := range 3 {
		want := []string{}
		var keys [][2]string
		for key, it := range s.items {
			if it["g"] == fmt.Sprintf(`{"S":"g%d"}`, g) && it["n"] != "" {
				keys = append(keys, key)
			}
		}
		sort.Slice(keys, func(i, j int) bool {
			a, b := s.items[keys[i]], s.items[keys[j]]
			return number(a["n"]) < number(b["n"])
		})
		for _, key := range keys {
			want = append(want, wireItem(key, map[string]string{"g": s.items[key]["g"], "n": s.items[key]["n"]}))
		}
		var page struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(s.mustf("Query", `{"TableName":"tab","IndexName":"byG","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g%d"}}}`, g)), &page); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		last := -1 << 30
		for _, it := range page.Items {
			var n struct{ N struct{ N string } }
			_ = json.Unmarshal(it, &n)
			if value := number(`{"N":"` + n.N.N + `"}`); value < last {
				t.Fatalf("index: %s is out of order", page.Items)
			} else {
				last = value
			}
			got = append(got, string(it))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("index: got %s, want %s", got, want)
		}
	}
	if got := s.mustf("Scan", `{"TableName":"tab","Select":"COUNT"}`); got != fmt.Sprintf(`{"Count":%d,"ScannedCount":%d}`, len(s.items), len(s.items)) {
		t.Fatalf("scan: got %s, want %d", got, len(s.items))
	}
	if got := s.read(); !slices.Equal(got, s.changes) {
		t.Fatalf("stream: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(s.changes, "\n"))
	}
}

// TestAnyHistoryEndsAsTheModel runs random histories of writes, with and without
// conditions, single, in batches and in transactions, in memory or with restarts
// from a copy of the file in between, and compares every read with a map.
func TestAnyHistoryEndsAsTheModel(t *testing.T) {
	dir := t.TempDir()
	files := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := &subject{items: model{}}
		if rapid.IntRange(0, 4).Draw(rt, "on disk") == 0 {
			files++
			s.path = filepath.Join(dir, fmt.Sprint(files))
		}
		var err error
		if s.store, err = disk.Open(s.path); err != nil {
			rt.Fatal(err)
		}
		defer func() { s.store.Close() }()
		s.rig = newRig(t, s.store)
		s.table("tab", withIndex, withStream)
		key := rapid.Custom(func(rt *rapid.T) [2]string {
			return [2]string{fmt.Sprint("p", rapid.IntRange(0, 2).Draw(rt, "pk")), fmt.Sprint("s", rapid.IntRange(0, 3).Draw(rt, "sk"))}
		})
		attrs := rapid.Custom(func(rt *rapid.T) map[string]string {
			it := map[string]string{}
			if rapid.Bool().Draw(rt, "has g") {
				it["g"] = fmt.Sprintf(`{"S":"g%d"}`, rapid.IntRange(0, 2).Draw(rt, "g"))
			}
			if rapid.Bool().Draw(rt, "has n") {
				it["n"] = fmt.Sprintf(`{"N":"%d"}`, rapid.IntRange(-3, 3).Draw(rt, "n"))
			}
			if rapid.Bool().Draw(rt, "has x") {
				it["x"] = fmt.Sprintf(`{"L":[{"BOOL":%v}]}`, rapid.Bool().Draw(rt, "x"))
			}
			return it
		})
		const absent = `,"ConditionExpression":"attribute_not_exists(pk)"`
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				k, it, cond := key.Draw(rt, "key"), attrs.Draw(rt, "item"), ""
				if rapid.Bool().Draw(rt, "condition") {
					cond = absent
				}
				_, err := s.call("PutItem", `{"TableName":"tab","Item":`+wireItem(k, it)+cond+`}`)
				if refused := cond != "" && s.items[k] != nil; refused != (err != nil) {
					rt.Fatalf("got %v, want refused %v", err, refused)
				} else if !refused {
					s.apply(k, it)
				}
			},
			"delete": func(rt *rapid.T) {
				k := key.Draw(rt, "key")
				s.must("DeleteItem", `{"TableName":"tab","Key":`+wireItem(k, nil)+`}`)
				s.apply(k, nil)
			},
			"add": func(rt *rapid.T) {
				k, by := key.Draw(rt, "key"), rapid.IntRange(-2, 2).Draw(rt, "by")
				s.must("UpdateItem", `{"TableName":"tab","Key":`+wireItem(k, nil)+`,"UpdateExpression":"ADD n :v REMOVE x","ExpressionAttributeValues":{":v":{"N":"`+fmt.Sprint(by)+`"}}}`)
				it := maps.Clone(s.items[k])
				if it == nil {
					it = map[string]string{}
				}
				it["n"] = fmt.Sprintf(`{"N":"%d"}`, number(it["n"])+by)
				delete(it, "x")
				s.apply(k, it)
			},
			"batch": func(rt *rapid.T) {
				ks := rapid.SliceOfNDistinct(key, 1, 4, rapid.ID[[2]string]).Draw(rt, "keys")
				var requests []string
				for _, k := range ks {
					it := attrs.Draw(rt, "item")
					requests = append(requests, `{"PutRequest":{"Item":`+wireItem(k, it)+`}}`)
					s.apply(k, it)
				}
				s.must("BatchWriteItem", `{"RequestItems":{"tab":[`+strings.Join(requests, ",")+`]}}`)
			},
			"transaction": func(rt *rapid.T) {
				ks := rapid.SliceOfNDistinct(key, 1, 4, rapid.ID[[2]string]).Draw(rt, "keys")
				var actions []string
				var steps []func()
				refused := false
				for _, k := range ks {
					switch it := attrs.Draw(rt, "item"); rapid.IntRange(0, 3).Draw(rt, "action") {
					case 0:
						actions = append(actions, `{"Put":{"TableName":"tab","Item":`+wireItem(k, it)+absent+`}}`)
						refused = refused || s.items[k] != nil
						steps = append(steps, func() { s.apply(k, it) })
					case 1:
						actions = append(actions, `{"Delete":{"TableName":"tab","Key":`+wireItem(k, nil)+`}}`)
						steps = append(steps, func() { s.apply(k, nil) })
					case 2:
						actions = append(actions, `{"ConditionCheck":{"TableName":"tab","Key":`+wireItem(k, nil)+absent+`}}`)
						refused = refused || s.items[k] != nil
					case 3:
						actions = append(actions, `{"Update":{"TableName":"tab","Key":`+wireItem(k, nil)+`,"UpdateExpression":"SET g = :g","ExpressionAttributeValues":{":g":{"S":"g1"}}}}`)
						after := maps.Clone(s.items[k])
						if after == nil {
							after = map[string]string{}
						}
						after["g"] = `{"S":"g1"}`
						steps = append(steps, func() { s.apply(k, after) })
					}
				}
				_, err := s.call("TransactWriteItems", `{"TransactItems":[`+strings.Join(actions, ",")+`]}`)
				if refused != (err != nil) {
					rt.Fatalf("got %v, want refused %v", err, refused)
				}
				if err == nil {
					for _, step := range steps {
						step()
					}
				}
			},
			"restart": func(rt *rapid.T) {
				if rapid.IntRange(0, 3).Draw(rt, "really") > 0 || s.path == "" {
					return
				}
				files++
				s.restart(rt, filepath.Join(dir, fmt.Sprint(files)))
			},
			"": s.check,
		})
	})
}
