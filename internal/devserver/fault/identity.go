package fault

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// identity names an event by what is the same of it in another run. Message ids,
// receipt handles, traces and times are not.
func identity(payload []byte) string {
	var e struct {
		Records []struct {
			Body       string
			Attributes struct {
				DeduplicationID string `json:"MessageDeduplicationId"`
			}
			EventName string
			Dynamodb  struct{ Keys json.RawMessage }
		}
		RawPath        string
		RawQueryString string
		Body           string
		RequestContext struct{ HTTP struct{ Method string } }
	}
	if json.Unmarshal(payload, &e) != nil {
		return digest(string(payload))
	}
	switch {
	case len(e.Records) > 0:
		first := e.Records[0]
		switch {
		case first.Attributes.DeduplicationID != "":
			return "message " + first.Attributes.DeduplicationID
		case len(first.Dynamodb.Keys) > 0:
			return "change " + first.EventName + " " + string(first.Dynamodb.Keys)
		default:
			return "body " + digest(first.Body)
		}
	case e.RequestContext.HTTP.Method != "":
		return "request " + digest(e.RequestContext.HTTP.Method, e.RawPath, e.RawQueryString, e.Body)
	default:
		return digest(string(payload))
	}
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
