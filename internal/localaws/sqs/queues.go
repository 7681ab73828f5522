package sqs

import (
	"maps"
	"sort"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/localaws/wire"
)

type createInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

func (in createInput) resource() string { return in.QueueName }

type urlOutput struct{ QueueUrl string }

// createQueue makes a queue, or finds one that has the attributes asked for.
func (e *Engine) createQueue(r *wire.Request, in *createInput) (any, error) {
	base, fifo := strings.CutSuffix(in.QueueName, ".fifo")
	switch {
	case in.QueueName == "":
		return nil, missing("QueueName")
	case !nameLike(base, 80) || len(in.QueueName) > 80:
		return nil, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	case fifo != (in.Attributes["FifoQueue"] == "true"):
		return nil, invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	}
	s, err := e.parse(in.Attributes)
	if err != nil {
		return nil, err
	}
	if q := e.queues[in.QueueName]; q != nil {
		for _, name := range sorted(in.Attributes) {
			if q.settings.value(name) != s.value(name) {
				return nil, wire.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", name)
			}
		}
		return urlOutput{e.queueURL(r, q.name)}, nil
	}
	if err := e.checkRedrive(in.QueueName, fifo, s); err != nil {
		return nil, err
	}
	q := newQueue(in.QueueName, fifo)
	q.settings, q.tags, q.created = s, in.Tags, e.cfg.Clock()
	q.modified = q.created
	e.queues[q.name] = q
	e.saveQueue(q)
	return urlOutput{e.queueURL(r, q.name)}, nil
}

type getURLInput struct{ QueueName, QueueOwnerAWSAccountId string }

func (in getURLInput) resource() string { return in.QueueName }

func (e *Engine) getQueueURL(r *wire.Request, in *getURLInput) (any, error) {
	if in.QueueName == "" {
		return nil, missing("QueueName")
	}
	if owner := in.QueueOwnerAWSAccountId; owner != "" && owner != e.cfg.Account || e.queues[in.QueueName] == nil {
		return nil, noQueue()
	}
	return urlOutput{e.queueURL(r, in.QueueName)}, nil
}

type page struct {
	NextToken  string
	MaxResults *int
}

// cut returns one page of sorted names and the token of the next.
func (p page) cut(names []string) (out []string, token string, err error) {
	most := 1000
	if p.MaxResults != nil {
		if most = *p.MaxResults; most < 1 || most > 1000 {
			return nil, "", invalidValue(most, "MaxResults", "Must be between 1 and 1000, if provided.")
		}
	}
	start := sort.SearchStrings(names, p.NextToken)
	if names = names[start:]; len(names) > most {
		token, names = names[most], names[:most]
	}
	return names, token, nil
}

type listInput struct {
	page
	QueueNamePrefix string
}

func (in listInput) resource() string { return "" }

func (e *Engine) listQueues(r *wire.Request, in *listInput) (any, error) {
	var out struct {
		QueueUrls []string `json:",omitempty"`
		NextToken string   `json:",omitempty"`
	}
	var names []string
	for _, name := range sorted(e.queues) {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			names = append(names, name)
		}
	}
	names, token, err := in.cut(names)
	for _, name := range names {
		out.QueueUrls = append(out.QueueUrls, e.queueURL(r, name))
	}
	out.NextToken = token
	return out, err
}

type sourcesInput struct {
	at
	page
}

func (e *Engine) listDeadLetterSourceQueues(r *wire.Request, q *queue, in *sourcesInput) (any, error) {
	out := struct {
		QueueUrls []string `json:"queueUrls"`
		NextToken string   `json:",omitempty"`
	}{QueueUrls: []string{}}
	names, token, err := in.cut(e.sources(q.name))
	for _, name := range names {
		out.QueueUrls = append(out.QueueUrls, e.queueURL(r, name))
	}
	out.NextToken = token
	return out, err
}

// sources are the names of the queues whose dead-letter queue this is.
func (e *Engine) sources(grave string) (names []string) {
	for _, name := range sorted(e.queues) {
		if e.queues[name].settings.grave == grave {
			names = append(names, name)
		}
	}
	return names
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

type queueInput struct{ at }

func (e *Engine) deleteQueue(_ *wire.Request, q *queue, _ *queueInput) (any, error) {
	e.dropQueue(q)
	q.wake(len(q.waiters))
	return struct{}{}, nil
}

func (e *Engine) purgeQueue(_ *wire.Request, q *queue, _ *queueInput) (any, error) {
	now := e.cfg.Clock()
	if !q.purged.IsZero() && now.Sub(q.purged) < time.Minute {
		busy := wire.Errorf("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
		busy.Status = 403
		return nil, busy
	}
	for _, m := range q.messages {
		e.remove(q, m)
	}
	q.purged = now
	e.saveQueue(q)
	return struct{}{}, nil
}

type getAttributesInput struct {
	at
	AttributeNames []string
}

func (e *Engine) getQueueAttributes(_ *wire.Request, q *queue, in *getAttributesInput) (any, error) {
	counts := q.counts()
	all := map[string]string{
		"QueueArn":                              e.arn(q.name),
		"ApproximateNumberOfMessages":           strconv.Itoa(counts.Visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(counts.InFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(counts.Delayed),
		"CreatedTimestamp":                      strconv.FormatInt(q.created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.modified.Unix(), 10),
	}
	maps.Copy(all, q.settings.attributes)
	for _, name := range append(sorted(bounds), sorted(choices)...) {
		if fifoOnly[name] && !q.fifo || name == "KmsDataKeyReusePeriodSeconds" && all["KmsMasterKeyId"] == "" {
			continue
		}
		all[name] = q.settings.value(name)
	}
	out := map[string]string{}
	for _, want := range in.AttributeNames {
		_, isNumber := bounds[want]
		_, isChoice := choices[want]
		known := isNumber || isChoice || readOnly[want] || want == "All" || want == "Policy" || want == "RedrivePolicy" ||
			want == "RedriveAllowPolicy" || want == "KmsMasterKeyId"
		if !known {
			return nil, wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", want)
		}
		for name, value := range all {
			if want == name || want == "All" {
				out[name] = value
			}
		}
	}
	return struct {
		Attributes map[string]string `json:",omitempty"`
	}{out}, nil
}

type setAttributesInput struct {
	at
	Attributes map[string]string
}

func (e *Engine) setQueueAttributes(_ *wire.Request, q *queue, in *setAttributesInput) (any, error) {
	merged := maps.Clone(q.settings.attributes)
	for name, value := range in.Attributes {
		if name == "FifoQueue" && value != q.settings.value(name) {
			return nil, badValue(name)
		}
		merged[name] = value
	}
	s, err := e.parse(merged)
	if err != nil {
		return nil, err
	}
	if in.Attributes["RedrivePolicy"] != "" {
		if err := e.checkRedrive(q.name, q.fifo, s); err != nil {
			return nil, err
		}
	}
	q.settings, q.modified = s, e.cfg.Clock()
	e.saveQueue(q)
	return struct{}{}, nil
}

type tagInput struct {
	at
	Tags map[string]string
}

func (e *Engine) tagQueue(_ *wire.Request, q *queue, in *tagInput) (any, error) {
	if len(in.Tags) == 0 {
		return nil, missing("Tags")
	}
	if q.tags == nil {
		q.tags = map[string]string{}
	}
	maps.Copy(q.tags, in.Tags)
	e.saveQueue(q)
	return struct{}{}, nil
}

type untagInput struct {
	at
	TagKeys []string
}

func (e *Engine) untagQueue(_ *wire.Request, q *queue, in *untagInput) (any, error) {
	for _, key := range in.TagKeys {
		delete(q.tags, key)
	}
	e.saveQueue(q)
	return struct{}{}, nil
}

func (e *Engine) listQueueTags(_ *wire.Request, q *queue, _ *queueInput) (any, error) {
	return struct {
		Tags map[string]string `json:",omitempty"`
	}{maps.Clone(q.tags)}, nil
}
