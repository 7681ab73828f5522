package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Told is what an item of Contacts or Messages has told the bus, or should have: the
// fact that it is, and the last of its revisions, under the ids of the change stream.
type Told struct {
	Events []hub.Published
	Stored hub.Millis // when the hub took what made the item; 0 = the item does not say
	Of     Origin
}

// told reads an item as it stands. Revisions before the last are not in it any more,
// nor is the change of a thread that had a message since. Unparsable for an item that
// should have told something and cannot be understood.
func (st *Store) told(it item) (Told, error) {
	t := Told{Stored: millis(it, "ra"), Of: originOf(it)}
	if st.expired(it) || num(it, "undone") != 0 {
		return t, nil
	}
	sk := str(it, skAttr)
	counted := num(it, "rev") != 0 // its insert was its first revision, or is older than any
	if kind := str(it, "pub"); kind != "" {
		fact := it
		if counted && strings.HasPrefix(sk, messageMark) {
			fact = maps.Clone(it)
			delete(fact, "rev")
		}
		e, err := published(fact, kind)
		if err != nil {
			return t, err
		}
		t.Events = append(t.Events, *e)
	}
	_, changed := it["chg"].(*types.AttributeValueMemberM)
	if counted && (sk == threadSK && changed || strings.HasPrefix(sk, messageMark)) {
		e, err := revised(it, item{})
		if err != nil {
			return t, err
		}
		if e != nil {
			t.Events = append(t.Events, *e)
		}
	}
	return t, nil
}

// Tell is called with what each item told, or with why it cannot be understood
// (Unparsable). An error that it answers ends the reading.
type Tell func(Told, error) error

// Scan reads a segment of a table, "" for all teams, and tells what its items told the
// bus. It answers the read units that this took: it reads every item of the segment,
// those of other teams as well, so it is for tools only.
func (st *Store) Scan(ctx context.Context, table string, segment, segments int, team hub.TeamID, tell Tell) (units float64, err error) {
	in := &dynamodb.ScanInput{
		TableName: &table, Segment: aws.Int32(int32(segment)), TotalSegments: aws.Int32(int32(segments)),
		FilterExpression:       aws.String("attribute_exists(pub) OR attribute_exists(rev)"),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	if team != "" {
		in.FilterExpression = aws.String("begins_with(PK, :team) AND (attribute_exists(pub) OR attribute_exists(rev))")
		in.ExpressionAttributeValues = item{":team": s(teamPrefix(team))}
	}
	pages := dynamodb.NewScanPaginator(st.DB, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return units, wrap("scan", err)
		}
		if page.ConsumedCapacity != nil {
			units += aws.ToFloat64(page.ConsumedCapacity.CapacityUnits)
		}
		for _, it := range page.Items {
			if err := tell(st.told(it)); err != nil {
				return units, err
			}
		}
	}
	return units, nil
}

// TableSize is how many bytes a table holds, as the service counted them within the
// last hours.
func (st *Store) TableSize(ctx context.Context, table string) (int64, error) {
	out, err := st.DB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return 0, wrap("describe table", err)
	}
	return aws.ToInt64(out.Table.TableSizeBytes), nil
}

// ReadExport reads a line of a table's export in DynamoDB's JSON: of a full export
// {"Item":{…}}, of an incremental one {"NewImage":{…}}, in which what was removed has no
// image. An item of another team than team ("" = of any) tells nothing.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
func (st *Store) ReadExport(line []byte, team hub.TeamID, tell Tell) error {
	var exported struct {
		Item, NewImage, Keys map[string]events.DynamoDBAttributeValue
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if err := decode(d, &exported); err != nil {
		return hub.E(hub.Unparsable, "store: read export", errors.New("a line is not DynamoDB's JSON"))
	}
	image := exported.Item
	if image == nil {
		image = exported.NewImage
	}
	if image == nil {
		if exported.Keys != nil {
			return nil
		}
		return hub.E(hub.Unparsable, "store: read export", errors.New("a line has neither Item nor NewImage"))
	}
	it := itemOf(image)
	if team != "" && !strings.HasPrefix(str(it, pkAttr), teamPrefix(team)) {
		return nil
	}
	return tell(st.told(it))
}

// decode decodes values of DynamoDB's JSON, whose reader panics at some that are not.
func decode(d *json.Decoder, into any) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("malformed")
		}
	}()
	return d.Decode(into)
}

// teamPrefix begins the partition keys of a team's items.
func teamPrefix(t hub.TeamID) string { return "T#" + string(t) + "#" }
