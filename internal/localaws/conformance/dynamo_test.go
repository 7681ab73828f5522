package conformance

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

type (
	value = types.AttributeValue
	item  = map[string]value // as the SDK has it
)

func str(s string) value       { return &types.AttributeValueMemberS{Value: s} }
func num(n any) value          { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
func bin(b string) value       { return &types.AttributeValueMemberB{Value: []byte(b)} }
func yes(b bool) value         { return &types.AttributeValueMemberBOOL{Value: b} }
func null() value              { return &types.AttributeValueMemberNULL{Value: true} }
func strs(s ...string) value   { return &types.AttributeValueMemberSS{Value: s} }
func nums(n ...string) value   { return &types.AttributeValueMemberNS{Value: n} }
func bins(b ...[]byte) value   { return &types.AttributeValueMemberBS{Value: b} }
func list(v ...value) value    { return &types.AttributeValueMemberL{Value: v} }
func object(m item) value      { return &types.AttributeValueMemberM{Value: m} }
func long(size int) value      { return str(strings.Repeat("x", size)) }
func text(v value) string      { return v.(*types.AttributeValueMemberS).Value }
func number(v value) string    { return v.(*types.AttributeValueMemberN).Value }
func p[T any](v T) *T          { return &v }
func keyOf(pk, sk string) item { return item{"pk": str(pk), "sk": str(sk)} }

// show writes a value or items with sorted names, so that texts can be compared.
func show(v any) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		return show(v.Value)
	case *types.AttributeValueMemberL:
		return show(v.Value)
	case item: // also map[string]value
		var parts []string
		for name, one := range v {
			parts = append(parts, name+":"+show(one))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, " ") + "}"
	case []value:
		var parts []string
		for _, one := range v {
			parts = append(parts, show(one))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case []item:
		var parts []string
		for _, one := range v {
			parts = append(parts, show(one))
		}
		return strings.Join(parts, ", ")
	case []string:
		return fmt.Sprintf("%q", v)
	}
	kind := strings.TrimPrefix(fmt.Sprintf("%T", v), "*types.AttributeValueMember")
	return fmt.Sprintf("%s(%q)", kind, fmt.Sprint(reflect.ValueOf(v).Elem().FieldByName("Value").Interface()))
}

// same tells whether two values, items or lists of items are the same.
func same(a, b any) bool { return show(a) == show(b) }

// shelf is one table of a test with its client.
type shelf struct {
	*cloud
	t    testing.TB
	api  *dynamodb.Client
	name string
}

// table makes a table with the string keys pk and sk, and lets change it first.
func (c *cloud) table(t testing.TB, changes ...func(*dynamodb.CreateTableInput)) *shelf {
	t.Helper()
	s := &shelf{cloud: c, t: t, api: c.dynamo(), name: unique("t")}
	in := &dynamodb.CreateTableInput{
		TableName:   &s.name,
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{attribute("pk", "S"), attribute("sk", "S")},
	}
	for _, change := range changes {
		change(in)
	}
	if _, err := s.api.CreateTable(ctx, in); err != nil {
		t.Fatal(err)
	}
	if c.server == nil {
		t.Cleanup(func() { _, _ = s.api.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &s.name}) })
		if err := dynamodb.NewTableExistsWaiter(s.api).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &s.name}, 2*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func attribute(name, kind string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeType(kind)}
}

// keys replaces the key of the table: a name and a type, or two of them.
func keys(pairs ...string) func(*dynamodb.CreateTableInput) {
	return func(in *dynamodb.CreateTableInput) {
		in.KeySchema, in.AttributeDefinitions = nil, nil
		for i := 0; i < len(pairs); i += 2 {
			kind := types.KeyTypeHash
			if i > 0 {
				kind = types.KeyTypeRange
			}
			in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &pairs[i], KeyType: kind})
			in.AttributeDefinitions = append(in.AttributeDefinitions, attribute(pairs[i], pairs[i+1]))
		}
	}
}

// gsi adds an index: its name, its projection (with names for INCLUDE), and the
// names of its key attributes with their types.
func gsi(name, projection string, include []string, pairs ...string) func(*dynamodb.CreateTableInput) {
	return func(in *dynamodb.CreateTableInput) {
		x := types.GlobalSecondaryIndex{IndexName: &name, Projection: &types.Projection{ProjectionType: types.ProjectionType(projection), NonKeyAttributes: include}}
		for i := 0; i < len(pairs); i += 2 {
			kind := types.KeyTypeHash
			if i > 0 {
				kind = types.KeyTypeRange
			}
			x.KeySchema = append(x.KeySchema, types.KeySchemaElement{AttributeName: &pairs[i], KeyType: kind})
			if !slices.ContainsFunc(in.AttributeDefinitions, func(d types.AttributeDefinition) bool { return *d.AttributeName == pairs[i] }) {
				in.AttributeDefinitions = append(in.AttributeDefinitions, attribute(pairs[i], pairs[i+1]))
			}
		}
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, x)
	}
}

func streamOf(view types.StreamViewType) func(*dynamodb.CreateTableInput) {
	return func(in *dynamodb.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: view}
	}
}

// put writes an item, or ends the test.
func (s *shelf) put(it item) {
	s.t.Helper()
	if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: it}); err != nil {
		s.t.Fatal(err)
	}
}

// get reads an item consistently; nil if there is none.
func (s *shelf) get(key item) item {
	s.t.Helper()
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Item
}

// all is a Query of one partition, page by page.
func (s *shelf) all(pk string) []item {
	s.t.Helper()
	var items []item
	pages := dynamodb.NewQueryPaginator(s.api, &dynamodb.QueryInput{TableName: &s.name, KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: item{":p": str(pk)}, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return items
}

// wantMessage fails the test unless err bears the code, and its message holds the text.
func wantMessage(t testing.TB, err error, wantCode, wantText string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("got error %v, want %s: %s", err, wantCode, wantText)
	} else if api.ErrorCode() != wantCode || !strings.Contains(api.ErrorMessage(), wantText) {
		t.Errorf("got %s: %s, want %s: …%s…", api.ErrorCode(), api.ErrorMessage(), wantCode, wantText)
	}
}

const validation = "ValidationException"

func TestTableIsDescribedAsItWasMade(t *testing.T) {
	c := newCloud(t)
	s := c.table(t, gsi("byState", "INCLUDE", []string{"a", "b"}, "state", "S", "at", "N"), streamOf(types.StreamViewTypeNewImage),
		func(in *dynamodb.CreateTableInput) {
			in.DeletionProtectionEnabled = aws.Bool(true)
			in.TableClass = types.TableClassStandardInfrequentAccess
			in.SSESpecification = &types.SSESpecification{Enabled: aws.Bool(true)}
			in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		})
	d := must(s.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.name}))(t).Table
	if d.TableStatus != types.TableStatusActive || *d.TableName != s.name || !strings.HasSuffix(*d.TableArn, ":table/"+s.name) {
		t.Errorf("got status %s, name %s, ARN %s", d.TableStatus, *d.TableName, *d.TableArn)
	}
	if !*d.DeletionProtectionEnabled || d.TableClassSummary.TableClass != types.TableClassStandardInfrequentAccess || d.SSEDescription.Status != types.SSEStatusEnabled {
		t.Errorf("got protection %v, class %v, encryption %v", *d.DeletionProtectionEnabled, d.TableClassSummary, d.SSEDescription)
	}
	if len(d.AttributeDefinitions) != 4 || len(d.KeySchema) != 2 || *d.KeySchema[1].AttributeName != "sk" {
		t.Errorf("got definitions %v and key %v", d.AttributeDefinitions, d.KeySchema)
	}
	if d.StreamSpecification == nil || !strings.Contains(*d.LatestStreamArn, s.name+"/stream/"+*d.LatestStreamLabel) {
		t.Errorf("got stream %v", d.LatestStreamArn)
	}
	x := d.GlobalSecondaryIndexes[0]
	if *x.IndexName != "byState" || x.Projection.ProjectionType != types.ProjectionTypeInclude || !same(x.Projection.NonKeyAttributes, []string{"a", "b"}) || x.IndexStatus != types.IndexStatusActive {
		t.Errorf("got index %+v", x)
	}
	_, err := s.api.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &s.name})
	wantMessage(t, err, validation, "protected against deletion")
	must(s.api.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &s.name, DeletionProtectionEnabled: aws.Bool(false)}))(t)
	must(s.api.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &s.name}))(t)
	_, err = s.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.name})
	if c.server != nil {
		wantMessage(t, err, "ResourceNotFoundException", s.name)
	}
	_, err = s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("no-such-table"), Key: keyOf("a", "b")})
	wantMessage(t, err, "ResourceNotFoundException", "Requested resource not found")
}

func TestTablesAreListedInPages(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	var names []string
	for range 5 {
		names = append(names, c.table(t).name)
	}
	slices.Sort(names)
	var got []string
	pages := dynamodb.NewListTablesPaginator(c.dynamo(), &dynamodb.ListTablesInput{Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		got = append(got, must(pages.NextPage(ctx))(t).TableNames...)
	}
	if !same(got, names) {
		t.Errorf("got %v, want %v", got, names)
	}
}

func TestCreateTableRefusesBadDefinitions(t *testing.T) {
	c := newCloud(t)
	base := c.table(t)
	cases := map[string]struct {
		change     func(*dynamodb.CreateTableInput)
		code, text string
	}{
		"name twice":    {func(in *dynamodb.CreateTableInput) { in.TableName = &base.name }, "ResourceInUseException", base.name},
		"short name":    {func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("ab") }, validation, "length greater than or equal to 3"},
		"bad name":      {func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("a b c") }, validation, "regular expression"},
		"undefined key": {func(in *dynamodb.CreateTableInput) { in.AttributeDefinitions = in.AttributeDefinitions[:1] }, validation, "AttributeDefinitions"},
		"unused type": {func(in *dynamodb.CreateTableInput) {
			in.AttributeDefinitions = append(in.AttributeDefinitions, attribute("z", "S"))
		}, validation, "AttributeDefinitions"},
		"no throughput": {func(in *dynamodb.CreateTableInput) { in.BillingMode = types.BillingModeProvisioned }, validation, "ReadCapacityUnits"},
		"no projection": {gsi("byX", "", nil, "x", "S"), validation, ""},
		"empty include": {gsi("byX", "INCLUDE", nil, "x", "S"), validation, "NonKeyAttributes"},
		"index twice": {func(in *dynamodb.CreateTableInput) {
			gsi("byX", "ALL", nil, "x", "S")(in)
			gsi("byX", "ALL", nil, "x", "S")(in)
		}, validation, "byX"},
		"stream no view": {streamOf(""), validation, ""},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			in := &dynamodb.CreateTableInput{TableName: aws.String(unique("t")), BillingMode: types.BillingModePayPerRequest,
				KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
				AttributeDefinitions: []types.AttributeDefinition{attribute("pk", "S"), attribute("sk", "S")}}
			one.change(in)
			_, err := base.api.CreateTable(ctx, in)
			wantMessage(t, err, one.code, one.text)
		})
	}
}

func TestIndexesComeAndGo(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t) // on AWS this takes minutes
	s := c.table(t)
	s.put(item{"pk": str("a"), "sk": str("1"), "state": str("open")})
	s.put(item{"pk": str("a"), "sk": str("2"), "state": num(5)}) // not of the index's type: left out
	s.put(item{"pk": str("a"), "sk": str("3")})
	create := &types.GlobalSecondaryIndexUpdate{Create: &types.CreateGlobalSecondaryIndexAction{IndexName: aws.String("byState"),
		KeySchema:  []types.KeySchemaElement{{AttributeName: aws.String("state"), KeyType: types.KeyTypeHash}},
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}}}
	must(s.api.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &s.name, AttributeDefinitions: []types.AttributeDefinition{attribute("state", "S")},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{*create}}))(t)
	out := must(s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, IndexName: aws.String("byState")}))(t)
	if want := []map[string]value{{"pk": str("a"), "sk": str("1"), "state": str("open")}}; !same(out.Items, want) {
		t.Errorf("got %v, want %v", out.Items, want)
	}
	remove := types.GlobalSecondaryIndexUpdate{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("byState")}}
	must(s.api.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &s.name, GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{remove}}))(t)
	_, err := s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, IndexName: aws.String("byState")})
	wantMessage(t, err, validation, "does not have the specified index")
}

func TestSettingsAreRecorded(t *testing.T) {
	s := newCloud(t).table(t)
	ttl := func() *types.TimeToLiveDescription {
		return must(s.api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &s.name}))(t).TimeToLiveDescription
	}
	if got := ttl().TimeToLiveStatus; got != types.TimeToLiveStatusDisabled {
		t.Errorf("got %s, want DISABLED", got)
	}
	enable := &dynamodb.UpdateTimeToLiveInput{TableName: &s.name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}}
	must(s.api.UpdateTimeToLive(ctx, enable))(t)
	if got := ttl(); *got.AttributeName != "ttl" || got.TimeToLiveStatus == types.TimeToLiveStatusDisabled {
		t.Errorf("got %s on %s", got.TimeToLiveStatus, *got.AttributeName)
	}
	_, err := s.api.UpdateTimeToLive(ctx, enable)
	wantMessage(t, err, validation, "TimeToLive is already enabled")
	must(s.api.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{TableName: &s.name,
		PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}}))(t)
	backups := must(s.api.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &s.name}))(t).ContinuousBackupsDescription
	if got := backups.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus; got != types.PointInTimeRecoveryStatusEnabled {
		t.Errorf("got point-in-time recovery %s, want ENABLED", got)
	}
}

func TestUnknownThingsAreRefusedByName(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	s := c.table(t)
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: keyOf("a", "b"), ConditionalOperator: types.ConditionalOperatorAnd})
	wantMessage(t, err, "NotImplementedByLocalCloud", "ConditionalOperator")
	_, err = s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b"), AttributesToGet: []string{"x"}})
	wantMessage(t, err, "NotImplementedByLocalCloud", "AttributesToGet")
	_, err = s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), AttributeUpdates: map[string]types.AttributeValueUpdate{"x": {Value: str("y")}}})
	wantMessage(t, err, "NotImplementedByLocalCloud", "AttributeUpdates")
	_, err = s.api.Query(ctx, &dynamodb.QueryInput{TableName: &s.name, KeyConditions: map[string]types.Condition{"pk": {ComparisonOperator: types.ComparisonOperatorEq, AttributeValueList: []value{str("a")}}}})
	wantMessage(t, err, "NotImplementedByLocalCloud", "KeyConditions")
	_, err = s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: keyOf("a", "b"), ReturnItemCollectionMetrics: types.ReturnItemCollectionMetricsSize})
	wantMessage(t, err, "NotImplementedByLocalCloud", "ReturnItemCollectionMetrics")
	_, err = s.api.ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String("SELECT * FROM t")})
	wantMessage(t, err, "NotImplementedByLocalCloud", "ExecuteStatement")
}
