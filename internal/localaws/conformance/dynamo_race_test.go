package conformance

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const racers, rounds = 50, 100

// race runs do for every racer at once, rounds times over.
func race(t *testing.T, do func(round, racer int)) {
	n := rounds
	if os.Getenv("CONFORMANCE_ENDPOINT") != "" {
		n = 5
	}
	for round := range n {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for racer := range racers {
			wg.Go(func() {
				<-start
				do(round, racer)
			})
		}
		close(start)
		wg.Wait()
	}
}

func TestOneOfFiftyWinsAConditionalWrite(t *testing.T) {
	s := newCloud(t).table(t)
	var wins [rounds]atomic.Int32
	var winner [rounds]atomic.Int32
	race(t, func(round, racer int) {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("race"), "sk": str(fmt.Sprint(round)), "by": num(racer)}, ConditionExpression: p("attribute_not_exists(pk)")})
		switch code(err) {
		case "":
			wins[round].Add(1)
			winner[round].Store(int32(racer))
		case "ConditionalCheckFailedException":
		default:
			t.Errorf("round %d: %v", round, err)
		}
	})
	for _, it := range s.all("race") {
		var round int
		fmt.Sscan(text(it["sk"]), &round)
		if wins[round].Load() != 1 || number(it["by"]) != fmt.Sprint(winner[round].Load()) {
			t.Errorf("round %d: %d winners, stored %s, told %d", round, wins[round].Load(), number(it["by"]), winner[round].Load())
		}
	}
}

func TestOneOfFiftyWinsATransaction(t *testing.T) {
	s := newCloud(t).table(t)
	var wins [rounds]atomic.Int32
	race(t, func(round, racer int) {
		sk := fmt.Sprintf("%03d", round)
		err := s.transact("", s.doPut(item{"pk": str("one"), "sk": str(sk), "by": num(racer)}, "attribute_not_exists(pk)"),
			s.doPut(item{"pk": str("two"), "sk": str(sk), "by": num(racer)}, "attribute_not_exists(pk)"),
			s.doUpdate(keyOf("count", "n"), "ADD n :v", item{":v": num(1)}))
		switch code(err) {
		case "":
			wins[round].Add(1)
		case "TransactionCanceledException", "TransactionConflictException":
		default:
			t.Errorf("round %d: %v", round, err)
		}
	})
	one, two, total := s.all("one"), s.all("two"), 0
	for i := range one {
		if number(one[i]["by"]) != number(two[i]["by"]) {
			t.Errorf("round %d: %s wrote one half and %s the other", i, number(one[i]["by"]), number(two[i]["by"]))
		}
	}
	for round := range wins {
		total += int(wins[round].Load())
		if got := wins[round].Load(); got > 1 || got == 0 && round < len(one) {
			t.Errorf("round %d: %d winners", round, got)
		}
	}
	if got := number(s.get(keyOf("count", "n"))["n"]); got != fmt.Sprint(total) {
		t.Errorf("got a count of %s, want %d", got, total)
	}
}

func TestCountersLoseNothing(t *testing.T) {
	s := newCloud(t).table(t)
	var wg sync.WaitGroup
	for racer := range 20 {
		wg.Go(func() {
			for i := range 25 {
				var err error
				if i%2 == 0 {
					_, err = s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: p("ADD n :v"), ExpressionAttributeValues: item{":v": num(1)}})
				} else {
					err = s.transact("", s.doUpdate(keyOf("a", "b"), "SET n = if_not_exists(n, :z) + :v", item{":v": num(1), ":z": num(0)}), s.doPut(keyOf("a", fmt.Sprint(racer, " ", i)), ""))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := number(s.get(keyOf("a", "b"))["n"]); got != "500" {
		t.Errorf("got %s, want 500", got)
	}
}

// TestReadersSeeNoHalfTransaction moves units between two items while others read
// both: the sum never changes.
func TestReadersSeeNoHalfTransaction(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(item{"pk": str("a"), "sk": str("x"), "n": num(100)})
	s.put(item{"pk": str("a"), "sk": str("y"), "n": num(0)})
	var movers, readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		movers.Go(func() {
			for range 50 {
				if err := s.transact("", s.doUpdate(keyOf("a", "x"), "ADD n :v", item{":v": num(-1)}), s.doUpdate(keyOf("a", "y"), "ADD n :v", item{":v": num(1)})); err != nil {
					t.Error(err)
				}
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				out, err := s.api.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
					{Get: &types.Get{TableName: &s.name, Key: keyOf("a", "x")}}, {Get: &types.Get{TableName: &s.name, Key: keyOf("a", "y")}}}})
				if err != nil {
					t.Error(err)
					return
				}
				var x, y int
				fmt.Sscan(number(out.Responses[0].Item["n"]), &x)
				fmt.Sscan(number(out.Responses[1].Item["n"]), &y)
				if x+y != 100 {
					t.Errorf("got %d + %d, want 100 in all", x, y)
				}
			}
		})
	}
	movers.Wait()
	close(done)
	readers.Wait()
}
