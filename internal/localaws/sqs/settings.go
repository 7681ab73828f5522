package sqs

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/localaws/policy"
	"omnihub/internal/localaws/wire"
)

// maxBody is the most bytes of one message and of one batch.
const maxBody = 1_048_576

// settings is the attributes of a queue that can be set, as text and as values.
type settings struct {
	attributes map[string]string // only those that were set

	visibility, delay, retention, wait time.Duration
	maxSize                            int
	contentDedup, perGroup             bool
	grave                              string // name of the dead-letter queue, or ""
	maxReceives                        int
	allow                              redriveAllow
	policy                             *policy.Policy // nil if there is none, or none that could be read
	unread                             error          // why the policy could not be read
}

type redriveAllow struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueArns   []string `json:"sourceQueueArns,omitempty"`
}

// permits reports whether the queue may serve source as its dead-letter queue.
func (a redriveAllow) permits(source string) bool {
	switch a.RedrivePermission {
	case "denyAll":
		return false
	case "byQueue":
		for _, arn := range a.SourceQueueArns {
			if arn == source {
				return true
			}
		}
		return false
	}
	return true
}

// bounds are the attributes that are whole numbers, with their defaults.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
var bounds = map[string]struct{ low, high, usual int }{
	"VisibilityTimeout":             {0, 43_200, 30},
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1_024, maxBody, maxBody},
	"MessageRetentionPeriod":        {60, 1_209_600, 345_600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"KmsDataKeyReusePeriodSeconds":  {60, 86_400, 300},
}

// choices are the attributes with a closed set of values; the first is the default.
var choices = map[string][]string{
	"SqsManagedSseEnabled":      {"true", "false"},
	"FifoQueue":                 {"false", "true"},
	"ContentBasedDeduplication": {"false", "true"},
	"DeduplicationScope":        {"queue", "messageGroup"},
	"FifoThroughputLimit":       {"perQueue", "perMessageGroupId"},
}

var fifoOnly = map[string]bool{"FifoQueue": true, "ContentBasedDeduplication": true, "DeduplicationScope": true, "FifoThroughputLimit": true}

// readOnly are the attributes that a queue has and nobody sets.
var readOnly = map[string]bool{"QueueArn": true, "ApproximateNumberOfMessages": true, "ApproximateNumberOfMessagesNotVisible": true,
	"ApproximateNumberOfMessagesDelayed": true, "CreatedTimestamp": true, "LastModifiedTimestamp": true}

func badValue(name string) error {
	return wire.Errorf("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

// parse reads the attributes that were set. It refuses values out of bounds, and
// does not look at other queues.
func (e *Engine) parse(attributes map[string]string) (settings, error) {
	s := settings{attributes: map[string]string{}}
	fifo := attributes["FifoQueue"] == "true"
	for name, value := range attributes {
		if fifoOnly[name] && !fifo {
			return s, wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		bound, isNumber := bounds[name]
		options, isChoice := choices[name]
		switch {
		case isNumber:
			n, err := strconv.Atoi(value)
			if err != nil || n < bound.low || n > bound.high {
				return s, badValue(name)
			}
			value = strconv.Itoa(n)
		case isChoice:
			if value = strings.TrimSpace(value); value != options[0] && value != options[1] {
				return s, badValue(name)
			}
		case name == "KmsMasterKeyId":
		case name == "Policy":
			if value != "" && !json.Valid([]byte(value)) {
				return s, badValue(name)
			}
			if value != "" {
				s.policy, s.unread = policy.Parse(value)
			}
		case name == "RedrivePolicy":
			if value != "" {
				var err error
				if value, err = s.parseRedrive(e, value); err != nil {
					return s, err
				}
			}
		case name == "RedriveAllowPolicy":
			if value != "" && !s.allow.parse(value) {
				return s, badValue(name)
			}
		default:
			return s, wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		if value != "" {
			s.attributes[name] = value
		}
	}
	if s.attributes["KmsMasterKeyId"] != "" && s.attributes["SqsManagedSseEnabled"] == "true" {
		return s, wire.Errorf("InvalidAttributeName", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	s.perGroup = s.attributes["DeduplicationScope"] == "messageGroup"
	if s.attributes["FifoThroughputLimit"] == "perMessageGroupId" && !s.perGroup {
		return s, badValue("FifoThroughputLimit")
	}
	s.contentDedup = s.attributes["ContentBasedDeduplication"] == "true"
	s.visibility, s.delay = s.seconds("VisibilityTimeout"), s.seconds("DelaySeconds")
	s.retention, s.wait = s.seconds("MessageRetentionPeriod"), s.seconds("ReceiveMessageWaitTimeSeconds")
	s.maxSize, _ = strconv.Atoi(s.value("MaximumMessageSize"))
	return s, nil
}

// parseRedrive reads a redrive policy and returns it in one spelling.
func (s *settings) parseRedrive(e *Engine, text string) (string, error) {
	bad := func(reason string) (string, error) {
		return "", invalidValue(text, "RedrivePolicy", reason)
	}
	var p struct {
		Target string          `json:"deadLetterTargetArn"`
		Most   json.RawMessage `json:"maxReceiveCount"` // a number, or a number in text
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return bad("Redrive policy is not a valid JSON map.")
	}
	n := 10
	if p.Most != nil {
		var err error
		if n, err = strconv.Atoi(strings.Trim(string(p.Most), `"`)); err != nil || n < 1 || n > 1000 {
			return bad("Invalid value for maxReceiveCount: " + string(p.Most) + ", valid values are from 1 to 1000 both inclusive.")
		}
	}
	if s.grave, s.maxReceives = e.nameOf(p.Target), n; s.grave == "" {
		return bad("Invalid value for deadLetterTargetArn.")
	}
	return `{"deadLetterTargetArn":"` + p.Target + `","maxReceiveCount":` + strconv.Itoa(n) + `}`, nil
}

func (a *redriveAllow) parse(text string) bool {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(a) != nil {
		return false
	}
	switch a.RedrivePermission {
	case "allowAll", "denyAll":
		return len(a.SourceQueueArns) == 0
	case "byQueue":
		return len(a.SourceQueueArns) >= 1 && len(a.SourceQueueArns) <= 10
	}
	return false
}

// checkRedrive refuses a dead-letter queue that is missing, of another type, or does
// not want to be one for this queue.
func (e *Engine) checkRedrive(name string, fifo bool, s settings) error {
	if s.grave == "" {
		return nil
	}
	bad := func(reason string) error {
		return invalidValue(s.attributes["RedrivePolicy"], "RedrivePolicy", reason)
	}
	grave := e.queues[s.grave]
	switch {
	case s.grave == name:
		return bad("A queue cannot be its own dead-letter queue.")
	case grave == nil:
		return bad("Dead letter target does not exist.")
	case grave.fifo != fifo:
		return bad("Dead-letter queue must be same type of queue as the source.")
	case !grave.settings.allow.permits(e.arn(name)):
		return bad("Queue " + e.arn(name) + " is not allowed to use " + e.arn(s.grave) + " as its dead-letter queue.")
	}
	return nil
}

// value is the text of an attribute, set or by default.
func (s *settings) value(name string) string {
	if value, ok := s.attributes[name]; ok {
		return value
	}
	if b, ok := bounds[name]; ok {
		return strconv.Itoa(b.usual)
	}
	if name == "SqsManagedSseEnabled" && s.attributes["KmsMasterKeyId"] != "" {
		return "false"
	}
	if c, ok := choices[name]; ok {
		return c[0]
	}
	return ""
}

func (s *settings) seconds(name string) time.Duration {
	n, _ := strconv.Atoi(s.value(name)) // parse has checked it
	return time.Duration(n) * time.Second
}
