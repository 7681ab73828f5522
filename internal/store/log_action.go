package store

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

const (
	// fewActions is how many actions of a partition are read at once, for whichever
	// messages: most threads have fewer, and cost one Query.
	fewActions = 100
	// MaxReactions is about how many reactions to one message are shown.
	MaxReactions = 200
	// actionReaders is how many messages are asked for at a time.
	actionReaders = 8
)

// actions collects the actions of a partition upon messages, by target. It costs one
// Query where there are few, and else one more for each of the messages: never what was
// done to all that is not shown.
func (st *Store) actions(ctx context.Context, r Ref, upon []Logged, into map[string][]hub.Action) error {
	if len(upon) == 0 {
		return nil
	}
	few, more, err := st.actionsOf(ctx, r, actionMark, fewActions)
	if err != nil {
		return err
	}
	if !more {
		for _, a := range few {
			into[a.Target] = append(into[a.Target], a)
		}
		return nil
	}
	targets := map[string]bool{}
	for i := range upon {
		if target := upon[i].target(); target != "" {
			targets[target] = true
		}
	}
	var mu sync.Mutex
	var errs []error
	var reading sync.WaitGroup
	free := make(chan struct{}, actionReaders)
	for target := range targets {
		free <- struct{}{}
		reading.Go(func() {
			defer func() { <-free }()
			list, err := st.actionsUpon(ctx, r, target)
			mu.Lock()
			defer mu.Unlock()
			into[target], errs = append(into[target], list...), append(errs, err)
		})
	}
	reading.Wait()
	return errors.Join(errs...)
}

// actionsUpon reads the actions upon one message. Of very many it leaves out reactions,
// and never that the message was edited or taken back: edits come first, and unsends are
// asked for by themselves.
func (st *Store) actionsUpon(ctx context.Context, r Ref, target string) ([]hub.Action, error) {
	list, more, err := st.actionsOf(ctx, r, actionMark+target+"#", MaxReactions)
	if err == nil && more {
		var unsends []hub.Action
		unsends, _, err = st.actionsOf(ctx, r, actionMark+target+"#"+actionUnsend+"#", 1)
		list = append(list, unsends...)
	}
	var upon []hub.Action
	for _, a := range list {
		if a.Target == target { // another one's id may begin with this one and a mark
			upon = append(upon, a)
		}
	}
	return upon, err
}

// actionsOf reads up to limit actions whose keys begin so, and tells whether there are
// more.
func (st *Store) actionsOf(ctx context.Context, r Ref, begin string, limit int) (list []hub.Action, more bool, err error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :a)"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":a": s(begin)}, ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, false, wrap("read actions", err)
	}
	for _, it := range out.Items {
		list = append(list, readAction(it))
	}
	return list, out.LastEvaluatedKey != nil, nil
}
