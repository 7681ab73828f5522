package dynamo

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

// lines are so many items of tables with an index, in the wire's JSON.
func lines(count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, `{"sk":{"S":"s"},"pk":{"S":"p%06d"},"g":{"S":"G%d"},"n":{"N":"%d"}}`+"\n", i, i%3, i)
	}
	return text.String()
}

func TestLoadedItemsAreThereAsIfTheyHadBeenPut(t *testing.T) {
	s := persistent(t)
	for _, name := range []string{"loaded", "written"} {
		s.table(name, withIndex, withStream)
		s.put(name, "p000001", "s", `"g":{"S":"other"},"n":{"N":"7"}`)
		s.put(name, "p000002", "s", `"g":{"S":"G2"},"n":{"N":"2"}`)
	}
	const count = 2*loadBatch + 10
	tips := fmt.Sprint(s.Tips())
	if n, err := s.Load("loaded", strings.NewReader(lines(count))); n != count || err != nil {
		t.Fatalf("got %d, %v, want %d", n, err, count)
	}
	if got := fmt.Sprint(s.Tips()); got != tips {
		t.Errorf("got %s, want no record of what was loaded", got)
	}
	for line := range strings.Lines(lines(count)) {
		s.mustf("PutItem", `{"TableName":"written","Item":%s}`, line)
	}
	ask := func(table string) (answers []string) {
		for _, q := range []string{`"Select":"COUNT"`, `"IndexName":"byG","Select":"COUNT"`, `"Limit":500`, `"IndexName":"byG","Limit":500`} {
			answers = append(answers, s.mustf("Scan", `{"TableName":"%s",%s}`, table, q))
		}
		return append(answers, s.mustf("Query", `{"TableName":"%s","IndexName":"byG","KeyConditionExpression":"g=:g","ExpressionAttributeValues":{":g":{"S":"other"}}}`, table))
	}
	for round := range 2 {
		got, want := ask("loaded"), ask("written")
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("round %d: got %.300s, want %.300s", round, got[i], want[i])
			}
		}
		s.restart(t, s.path+"again")
	}
}

func TestALoadEndsAtTheFirstLineThatIsNoItem(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`{"pk":{"S":"a"}}`, "Missing the key sk"},
		{`{"pk":{"S":"a"},"sk":{"N":"1"}}`, "Type mismatch for key sk"},
		{`{"pk":{"S":"a"},"sk":{"S":"b"},"g":{"N":"1"}}`, "Index Key g"},
		{`{"pk":{"S":"a"},"sk":{"S":"b"}} {}`, "expected the end"},
		{`{"pk":{"S":"a"},"sk":{"S":"b"},"sk":{"S":"c"}}`, "comes twice"},
		{`{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"N":"one"}}`, "numeric value"},
		{`{"pk":"a","sk":"b"}`, "expected a structure or map"},
		{``, "expected a structure or map"},
		{`{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"S":"` + strings.Repeat("x", maxItemSize) + `"}}`, "Item size"},
		{strings.Repeat("x", maxLine+1), "token too long"},
	} {
		s := newRig(t, nil)
		s.table("tab", withIndex)
		n, err := s.Load("tab", strings.NewReader(lines(loadBatch+1)+test.line+"\n"+lines(1)))
		if want := fmt.Sprintf("dynamo: load: line %d cannot be loaded: ", loadBatch+2); n != loadBatch || !errors.Is(err, ErrLines) ||
			!strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.80s: got %d, %v, want %d, %s…%s", test.line, n, err, loadBatch, want, test.want)
		}
		if got := s.mustf("Scan", `{"TableName":"tab","Select":"COUNT"}`); !strings.Contains(got, fmt.Sprintf(`"Count":%d,`, loadBatch)) {
			t.Errorf("%.80s: got %s, want the whole batches before", test.line, got)
		}
	}
	s := newRig(t, nil)
	if _, err := s.Load("none", strings.NewReader(lines(1))); !errors.Is(err, ErrLines) {
		t.Errorf("got %v, want that there is no such table", err)
	}
	s.table("tab", withIndex)
	broken := errors.New("broken")
	if n, err := s.Load("tab", iotest.ErrReader(broken)); n != 0 || !errors.Is(err, broken) || errors.Is(err, ErrLines) {
		t.Errorf("got %d, %v, want that reading broke", n, err)
	}
}

func TestALoadOfAClosedDiskFails(t *testing.T) {
	s := persistent(t)
	s.table("tab", withIndex)
	s.store.Close()
	if _, err := s.Load("tab", strings.NewReader(lines(3*loadBatch))); err == nil || errors.Is(err, ErrLines) {
		t.Errorf("got %v, want that the disk is gone", err)
	}
}

func BenchmarkLoad(b *testing.B) {
	r := newRig(b, nil)
	r.table("tab", withIndex)
	text := lines(b.N)
	b.ResetTimer()
	if n, err := r.Load("tab", strings.NewReader(text)); n != b.N || err != nil {
		b.Fatal(n, err)
	}
}
