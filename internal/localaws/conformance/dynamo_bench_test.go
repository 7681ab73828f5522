package conformance

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// The benchmarks measure SDK, HTTP and engine together, both ends on this machine.

func BenchmarkSDKPutItem(b *testing.B) {
	s := newCloud(b).table(b, streamOf("NEW_AND_OLD_IMAGES"))
	var n atomic.Int64
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str(fmt.Sprint(i % 1000)), "sk": str(fmt.Sprint(i)), "text": str("hello there")}, ConditionExpression: p("attribute_not_exists(pk)")}); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
}

func BenchmarkSDKGetItem(b *testing.B) {
	s := newCloud(b).table(b)
	s.put(item{"pk": str("a"), "sk": str("b"), "text": str("hello there")})
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b")}); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "gets/s")
}

func BenchmarkSDKTransactThree(b *testing.B) {
	s := newCloud(b).table(b, streamOf("NEW_AND_OLD_IMAGES"))
	var n atomic.Int64
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := fmt.Sprint(n.Add(1))
			if err := s.transact("", s.doPut(keyOf("a", i), "attribute_not_exists(pk)"), s.doPut(keyOf("b", i), ""), s.doUpdate(keyOf("c", i), "SET n = :v", item{":v": num(1)})); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transactions/s")
}
