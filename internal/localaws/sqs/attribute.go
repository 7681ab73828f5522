package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"sort"
	"strconv"
	"strings"

	"omnihub/internal/localaws/wire"
)

// attribute is a message attribute as it travels.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
type attribute struct {
	DataType         string
	StringValue      *string  `json:",omitempty"`
	BinaryValue      []byte   `json:",omitempty"`
	StringListValues []string `json:",omitempty"`
	BinaryListValues [][]byte `json:",omitempty"`
}

// binary reports whether the value is bytes.
func (a attribute) binary() bool {
	return a.DataType == "Binary" || strings.HasPrefix(a.DataType, "Binary.")
}

func (a attribute) bytes() []byte {
	if a.binary() {
		return a.BinaryValue
	}
	return []byte(*a.StringValue)
}

// check refuses an attribute that AWS would refuse.
func (a attribute) check(name string) *wire.Error {
	bad := func(reason string) *wire.Error {
		return invalid("The message attribute %q %s", name, reason)
	}
	lower := strings.ToLower(name)
	switch kind, _, _ := strings.Cut(a.DataType, "."); {
	case name == "" || len(name) > 256 || !attributeName(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return bad("has a name that is not allowed.")
	case a.DataType == "":
		return bad("must contain a data type.")
	case len(a.DataType) > 256 || kind != "String" && kind != "Number" && kind != "Binary":
		return bad("has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
	case len(a.StringListValues) > 0 || len(a.BinaryListValues) > 0:
		return wire.Errorf("UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported.")
	case kind == "Binary" && a.StringValue != nil, kind != "Binary" && a.BinaryValue != nil:
		return bad("must contain one value of the type that its data type names.")
	case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
		return bad("must contain a non-empty value of type '" + kind + "'.")
	case kind != "Binary" && !legalText(*a.StringValue):
		return illegalText()
	case kind == "Number" && !isNumber(*a.StringValue):
		return invalid("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return nil
}

func attributeName(name string) bool {
	for _, part := range strings.Split(name, ".") {
		if !nameLike(part, 256) {
			return false
		}
	}
	return true
}

func isNumber(s string) bool {
	if strings.ContainsAny(s, "xXpP_iInN") { // forms that only Go reads
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// digest is the documented MD5 of attributes: over the sorted names, each part with
// its length in four bytes, and one byte for the way in which the value travels.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func digest(attributes map[string]attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	sort.Strings(names)
	h := md5.New()
	part := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, name := range names {
		a := attributes[name]
		part([]byte(name))
		part([]byte(a.DataType))
		if a.binary() {
			h.Write([]byte{2})
		} else {
			h.Write([]byte{1})
		}
		part(a.bytes())
	}
	return hex.EncodeToString(h.Sum(nil))
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// legalText reports whether a text has only the code points that SQS carries.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func legalText(s string) bool {
	for _, c := range s {
		if c < 0x20 && c != 0x9 && c != 0xA && c != 0xD || c == 0xFFFE || c == 0xFFFF {
			return false
		}
	}
	return true
}

func illegalText() *wire.Error {
	return wire.Errorf("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
}

// selected are the attributes that a receive asked for: by name, by "prefix.*", or
// all by "All" or ".*".
func selected(attributes map[string]attribute, wanted []string) map[string]attribute {
	out := map[string]attribute{}
	for name, a := range attributes {
		for _, want := range wanted {
			prefix, wild := strings.CutSuffix(want, ".*")
			if want == "All" || want == name || wild && (prefix == "" || strings.HasPrefix(name, prefix)) {
				out[name] = a
			}
		}
	}
	return out
}
