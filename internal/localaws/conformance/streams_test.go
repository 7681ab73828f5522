package conformance

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	changes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// reader reads the stream of one table.
type reader struct {
	t   testing.TB
	api *dynamodbstreams.Client
	arn string
	at  map[string]*string // iterators by shard
}

// reader stands at the beginning of the newest stream of a table.
func (s *shelf) reader() *reader {
	s.t.Helper()
	d := must(s.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.name}))(s.t).Table
	r := &reader{t: s.t, api: s.streams(), arn: *d.LatestStreamArn, at: map[string]*string{}}
	for _, shard := range r.describe().Shards {
		r.at[*shard.ShardId] = r.iterator(*shard.ShardId, "TRIM_HORIZON", nil)
	}
	return r
}

func (r *reader) describe() *changes.StreamDescription {
	r.t.Helper()
	return must(r.api.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &r.arn}))(r.t).StreamDescription
}

func (r *reader) iterator(shard string, kind changes.ShardIteratorType, seq *string) *string {
	r.t.Helper()
	return must(r.api.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: &r.arn, ShardId: &shard, ShardIteratorType: kind, SequenceNumber: seq}))(r.t).ShardIterator
}

// read returns what is new, shard by shard.
func (r *reader) read() []changes.Record {
	r.t.Helper()
	var records []changes.Record
	for shard, iterator := range r.at {
		for iterator != nil {
			out := must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator}))(r.t)
			records = append(records, out.Records...)
			iterator, r.at[shard] = out.NextShardIterator, out.NextShardIterator
			if len(out.Records) == 0 {
				break
			}
		}
	}
	return records
}

// busy is how many shards hold records.
func (r *reader) busy() (n int) {
	r.t.Helper()
	for shard := range r.at {
		if len(must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: r.iterator(shard, "TRIM_HORIZON", nil)}))(r.t).Records) > 0 {
			n++
		}
	}
	return n
}

// plain turns an item of the streams' client into one of the tables' client.
func plain(m map[string]changes.AttributeValue) string {
	turn := func(v changes.AttributeValue) value {
		switch v := v.(type) {
		case *changes.AttributeValueMemberS:
			return str(v.Value)
		case *changes.AttributeValueMemberN:
			return num(v.Value)
		case *changes.AttributeValueMemberSS:
			return strs(v.Value...)
		}
		return str(fmt.Sprintf("%T", v))
	}
	out := item{}
	for name, v := range m {
		out[name] = turn(v)
	}
	if m == nil {
		return "-"
	}
	return show(out)
}

func summary(records []changes.Record) string {
	var parts []string
	for _, r := range records {
		who := ""
		if r.UserIdentity != nil {
			who = " by " + *r.UserIdentity.Type + " " + *r.UserIdentity.PrincipalId
		}
		parts = append(parts, fmt.Sprint(r.EventName, " ", plain(r.Dynamodb.Keys), " ", plain(r.Dynamodb.OldImage), " ", plain(r.Dynamodb.NewImage), who))
	}
	return strings.Join(parts, "\n")
}

func TestStreamShowsEveryChangeOnce(t *testing.T) {
	s := newCloud(t).table(t, streamOf(types.StreamViewTypeNewAndOldImages))
	r := s.reader()
	a := item{"pk": str("a"), "sk": str("b"), "n": num(1), "s": strs("x", "y")}
	s.put(a)
	s.put(item{"pk": str("a"), "sk": str("b"), "n": num("1.0"), "s": strs("y", "x")}) // the same item
	must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: p("SET n = :v REMOVE nothing"), ExpressionAttributeValues: item{":v": num(1)}}))(t)
	must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: p("ADD n :v REMOVE s"), ExpressionAttributeValues: item{":v": num(1)}}))(t)
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: keyOf("a", "b"), ConditionExpression: p("attribute_not_exists(pk)")})
	wantCode(t, err, "ConditionalCheckFailedException")
	must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b")}))(t)
	must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b")}))(t)
	records := r.read()
	first, second, key := show(a), `{n:N("2") pk:S("a") sk:S("b")}`, show(keyOf("a", "b"))
	want := "INSERT " + key + " - " + first + "\nMODIFY " + key + " " + first + " " + second + "\nREMOVE " + key + " " + second + " -"
	if got := summary(records); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	last := new(big.Int)
	seen := map[string]bool{}
	for _, one := range records {
		seq, ok := new(big.Int).SetString(*one.Dynamodb.SequenceNumber, 10)
		if !ok || len(*one.Dynamodb.SequenceNumber) < 21 || seq.Cmp(last) <= 0 {
			t.Errorf("got sequence number %s after %s", *one.Dynamodb.SequenceNumber, last)
		}
		last = seq
		if seen[*one.EventID] || *one.EventSource != "aws:dynamodb" || *one.AwsRegion == "" || *one.EventVersion != "1.1" || *one.Dynamodb.SizeBytes <= 0 || one.Dynamodb.StreamViewType != "NEW_AND_OLD_IMAGES" {
			t.Errorf("got %+v", one)
		}
		seen[*one.EventID] = true
		if age := time.Since(*one.Dynamodb.ApproximateCreationDateTime); age < -2*time.Second || age > time.Minute {
			t.Errorf("got a record %v old", age)
		}
	}
	if again := r.read(); len(again) != 0 {
		t.Errorf("got %s again", summary(again))
	}
}

func TestStreamViews(t *testing.T) {
	c := newCloud(t)
	for view, want := range map[types.StreamViewType]string{
		"KEYS_ONLY":          "MODIFY KEY - -",
		"NEW_IMAGE":          `MODIFY KEY - {n:N("2") pk:S("a") sk:S("b")}`,
		"OLD_IMAGE":          `MODIFY KEY {n:N("1") pk:S("a") sk:S("b")} -`,
		"NEW_AND_OLD_IMAGES": `MODIFY KEY {n:N("1") pk:S("a") sk:S("b")} {n:N("2") pk:S("a") sk:S("b")}`,
	} {
		s := c.table(t, streamOf(view))
		s.put(item{"pk": str("a"), "sk": str("b"), "n": num(1)})
		s.put(item{"pk": str("a"), "sk": str("b"), "n": num(2)})
		records := s.reader().read()
		if got := summary(records[1:]); got != strings.ReplaceAll(want, "KEY ", show(keyOf("a", "b"))+" ") {
			t.Errorf("%s: got %s, want %s", view, got, want)
		}
	}
}

func TestTransactionMakesOneRecordPerItem(t *testing.T) {
	s := newCloud(t).table(t, streamOf(types.StreamViewTypeKeysOnly))
	s.put(keyOf("a", "2"))
	r := s.reader()
	r.read()
	if err := s.transact("", s.doUpdate(keyOf("a", "1"), "SET x = :v", item{":v": num(1)}), s.doPut(keyOf("a", "2"), ""), s.doCheck(keyOf("a", "3"), "attribute_not_exists(pk)")); err != nil {
		t.Fatal(err)
	}
	if got, want := summary(r.read()), "INSERT "+show(keyOf("a", "1"))+" - -"; got != want {
		t.Errorf("got %s, want %s: one record of the insert, none of what changed nothing", got, want)
	}
}

func TestShardsKeepTheOrderOfEachItem(t *testing.T) {
	s := newCloud(t).table(t, streamOf(types.StreamViewTypeNewImage))
	r := s.reader()
	for n := range 5 {
		for pk := range 40 {
			s.put(item{"pk": str(fmt.Sprint(pk)), "sk": str("b"), "n": num(n)})
		}
	}
	if busy := r.busy(); s.server != nil && busy < 2 {
		t.Errorf("got the records of 40 items in %d shard, want them spread", busy)
	}
	next := map[string]int{}
	for _, one := range r.read() {
		pk := one.Dynamodb.Keys["pk"].(*changes.AttributeValueMemberS).Value
		if got := one.Dynamodb.NewImage["n"].(*changes.AttributeValueMemberN).Value; got != fmt.Sprint(next[pk]) {
			t.Errorf("%s: got change %s, want %d", pk, got, next[pk])
		}
		next[pk]++
	}
	if len(next) != 40 {
		t.Errorf("got %d items, want 40", len(next))
	}
}

func TestShardIterators(t *testing.T) {
	s := newCloud(t).table(t, streamOf(types.StreamViewTypeKeysOnly))
	r := s.reader()
	for i := range 6 {
		s.put(keyOf("a", fmt.Sprint(i)))
	}
	records, shard := r.read(), ""
	for id := range r.at {
		if out := must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: r.iterator(id, "TRIM_HORIZON", nil)}))(t); len(out.Records) > 0 {
			shard = id
		}
	}
	from := func(iterator *string, limit int32) string {
		var got []string
		for _, one := range must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: &limit}))(t).Records {
			got = append(got, one.Dynamodb.Keys["sk"].(*changes.AttributeValueMemberS).Value)
		}
		return strings.Join(got, " ")
	}
	third := records[3].Dynamodb.SequenceNumber
	for want, iterator := range map[string]*string{"0 1": r.iterator(shard, "TRIM_HORIZON", nil), "3 4": r.iterator(shard, "AT_SEQUENCE_NUMBER", third), "4 5": r.iterator(shard, "AFTER_SEQUENCE_NUMBER", third), "": r.iterator(shard, "LATEST", nil)} {
		if got := from(iterator, 2); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	latest := r.iterator(shard, "LATEST", nil)
	s.put(keyOf("a", "6"))
	if got := from(latest, 9); got != "6" {
		t.Errorf("got %q after LATEST, want 6", got)
	}
	if list := must(r.api.ListStreams(ctx, &dynamodbstreams.ListStreamsInput{TableName: &s.name}))(t).Streams; len(list) != 1 || *list[0].StreamArn != r.arn {
		t.Errorf("got %v", list)
	}
	for _, one := range []dynamodbstreams.GetShardIteratorInput{{ShardId: aws.String("shardId-00000000000000000000-00000000"), ShardIteratorType: "LATEST"}, {ShardId: &shard, ShardIteratorType: "AT_SEQUENCE_NUMBER", SequenceNumber: aws.String("12345678901234567890x")}} {
		one.StreamArn = &r.arn
		if _, err := r.api.GetShardIterator(ctx, &one); err == nil {
			t.Errorf("got no error for %+v", one)
		}
	}
	_, err := r.api.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(strings.Replace(r.arn, "/stream/", "/stream/1", 1))})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestStreamEndsAndBeginsAgain(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t) // on AWS this takes minutes
	s := c.table(t, streamOf(types.StreamViewTypeKeysOnly))
	old := s.reader()
	s.put(keyOf("a", "1"))
	spec := func(on bool) *types.StreamSpecification {
		if on {
			return &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: "NEW_IMAGE"}
		}
		return &types.StreamSpecification{StreamEnabled: aws.Bool(false)}
	}
	must(s.api.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &s.name, StreamSpecification: spec(false)}))(t)
	s.put(keyOf("a", "2"))
	must(s.api.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &s.name, StreamSpecification: spec(true)}))(t)
	s.put(keyOf("a", "3"))
	if got := summary(old.read()); got != "INSERT "+show(keyOf("a", "1"))+" - -" {
		t.Errorf("got %s from the ended stream", got)
	}
	for shard, iterator := range old.at {
		if iterator != nil {
			t.Errorf("shard %s of an ended stream goes on", shard)
		}
	}
	if got := old.describe().StreamStatus; got != "DISABLED" {
		t.Errorf("got %s, want DISABLED", got)
	}
	fresh := s.reader()
	if fresh.arn == old.arn {
		t.Errorf("got the ARN %s again", old.arn)
	}
	if got := summary(fresh.read()); got != "INSERT "+show(keyOf("a", "3"))+" - "+show(keyOf("a", "3")) {
		t.Errorf("got %s from the new stream", got)
	}
	c.advance(t, 25*time.Hour)
	_, err := old.api.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &old.arn})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestTimeToLiveDeletesAsAService(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	s := c.table(t, streamOf(types.StreamViewTypeKeysOnly), gsi("byG", "ALL", nil, "g", "S"))
	must(s.api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &s.name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}}))(t)
	at := func(d time.Duration) value { return num(c.clock.now().Add(d).Unix()) }
	s.put(item{"pk": str("a"), "sk": str("soon"), "ttl": at(10 * time.Minute), "g": str("G")})
	s.put(item{"pk": str("a"), "sk": str("moved"), "ttl": at(10 * time.Minute)})
	s.put(item{"pk": str("a"), "sk": str("moved"), "ttl": at(time.Hour)})
	s.put(item{"pk": str("a"), "sk": str("never")})
	s.put(item{"pk": str("a"), "sk": str("text"), "ttl": str("1")})
	s.put(item{"pk": str("a"), "sk": str("ages ago"), "ttl": num(1)})
	r := s.reader()
	r.read()
	c.advance(t, 9*time.Minute)
	if got := sks(s.all("a")); got != "ages ago moved never soon text" {
		t.Errorf("got %q before expiry", got)
	}
	c.advance(t, 2*time.Minute)
	if got := sks(s.all("a")); got != "ages ago moved never text" {
		t.Errorf("got %q after expiry", got)
	}
	if got, want := summary(r.read()), "REMOVE "+show(keyOf("a", "soon"))+" - - by Service dynamodb.amazonaws.com"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := must(s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, IndexName: aws.String("byG")}))(t); got.Count != 0 {
		t.Errorf("got %d entries of an expired item in the index", got.Count)
	}
	c.advance(t, time.Hour)
	if got := sks(s.all("a")); got != "ages ago never text" {
		t.Errorf("got %q after the later expiry", got)
	}
}
