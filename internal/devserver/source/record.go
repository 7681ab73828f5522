package source

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// record is one change, as the function sees it.
type record struct {
	sequence string
	at       time.Time
	value    map[string]any // for the filters
	encoded  []byte         // JSON, for the function
}

// newRecord takes a stream record apart, for the filters and for encode.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
func newRecord(r types.Record, streamARN string) (record, error) {
	change := r.Dynamodb
	if change == nil || change.SequenceNumber == nil {
		return record{}, fmt.Errorf("source: a stream record without a sequence number")
	}
	body := map[string]any{
		"SequenceNumber": *change.SequenceNumber,
		"SizeBytes":      json.Number(strconv.FormatInt(aws.ToInt64(change.SizeBytes), 10)),
		"StreamViewType": string(change.StreamViewType),
	}
	at := aws.ToTime(change.ApproximateCreationDateTime)
	body["ApproximateCreationDateTime"] = json.Number(strconv.FormatInt(at.Unix(), 10))
	for name, image := range map[string]map[string]types.AttributeValue{"Keys": change.Keys, "NewImage": change.NewImage, "OldImage": change.OldImage} {
		if image != nil {
			body[name] = attributes(image)
		}
	}
	v := map[string]any{
		"eventID": aws.ToString(r.EventID), "eventName": string(r.EventName), "eventVersion": aws.ToString(r.EventVersion),
		"eventSource": aws.ToString(r.EventSource), "awsRegion": aws.ToString(r.AwsRegion), "eventSourceARN": streamARN, "dynamodb": body,
	}
	if who := r.UserIdentity; who != nil {
		v["userIdentity"] = map[string]any{"type": aws.ToString(who.Type), "principalId": aws.ToString(who.PrincipalId)}
	}
	return record{sequence: *change.SequenceNumber, at: at, value: v}, nil
}

// encode writes the record as Lambda does; the value is not needed after it.
func (r *record) encode() (err error) {
	r.encoded, err = json.Marshal(r.value)
	r.value = nil
	return err
}

func attributes(m map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = attribute(v)
	}
	return out
}

// attribute writes a value with its type letter.
func attribute(v types.AttributeValue) map[string]any {
	list := func(texts []string) []any {
		out := make([]any, 0, len(texts))
		for _, t := range texts {
			out = append(out, t)
		}
		return out
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v.Value)}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": list(v.Value)}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": list(v.Value)}
	case *types.AttributeValueMemberBS:
		var texts []string
		for _, b := range v.Value {
			texts = append(texts, base64.StdEncoding.EncodeToString(b))
		}
		return map[string]any{"BS": list(texts)}
	case *types.AttributeValueMemberL:
		out := make([]any, 0, len(v.Value))
		for _, e := range v.Value {
			out = append(out, attribute(e))
		}
		return map[string]any{"L": out}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": attributes(v.Value)}
	}
	return map[string]any{}
}

// batchEvent is the payload of a batch of records.
func batchEvent(records []record) []byte {
	out := []byte(`{"Records":[`)
	for i, r := range records {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, r.encoded...)
	}
	return append(out, `]}`...)
}

// later reports whether sequence number a comes after b. They are large decimal
// numbers; "" comes before all.
func later(a, b string) bool {
	x, okX := new(big.Int).SetString(a, 10)
	y, okY := new(big.Int).SetString(b, 10)
	return okX && (!okY || x.Cmp(y) > 0)
}
