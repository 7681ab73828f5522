package attr

import (
	"encoding/base64"
	"sort"
	"strings"
	"unicode/utf8"

	"omnihub/internal/localaws/wire"
)

// maxNesting is how deep lists and maps may lie in one another: the attribute is
// level 1, what lies in it level 2, and level 32 is the last.
const maxNesting = 31

// MaxName is the longest name of an attribute, in bytes. The documentation says
// 64 KB; what the service takes is one less.
const MaxName = 65_535

var errNesting = wire.Validation("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")

// CheckNesting refuses an item that is nested too deep. Items that were read from
// JSON have passed it; those that an update built have not.
func (it Item) CheckNesting() error {
	for i := range it {
		if it[i].Value.depth() > maxNesting {
			return errNesting
		}
	}
	return nil
}

func (v *Value) depth() int {
	deepest := 0
	for i := range v.Map {
		deepest = max(deepest, v.Map[i].Value.depth())
	}
	if v.Kind == L {
		for i := range v.List {
			deepest = max(deepest, v.List[i].depth())
		}
	}
	if v.Kind == L || v.Kind == M {
		return deepest + 1
	}
	return 0
}

// ReadItem reads a map of attribute values: {"id":{"S":"a"},…}.
func (s *Scanner) ReadItem() (Item, error) { return s.readItem(0) }

func (s *Scanner) readItem(depth int) (Item, error) {
	it := make(Item, 0, 8)
	sorted := true
	err := s.Object(func(name string) error {
		switch {
		case len(name) > MaxName:
			return wire.Validation("One or more parameter values were invalid: an attribute name has more than %d bytes", MaxName)
		case name == "" && depth == 0:
			return wire.Validation("One or more parameter values were invalid: an attribute name must not be empty")
		}
		v, err := s.readValue(depth)
		if len(it) > 0 && it[len(it)-1].Name >= name {
			sorted = false
		}
		it = append(it, Field{name, v})
		return err
	})
	if err != nil || sorted {
		return it, err
	}
	sort.Slice(it, func(i, j int) bool { return it[i].Name < it[j].Name })
	for i := 1; i < len(it); i++ {
		if it[i].Name == it[i-1].Name {
			return nil, wire.Errorf("SerializationException", "the name %q comes twice in one map", it[i].Name)
		}
	}
	return it, nil
}

// ReadValue reads one attribute value: {"S":"a"}.
func (s *Scanner) ReadValue() (Value, error) { return s.readValue(0) }

func (s *Scanner) readValue(depth int) (Value, error) {
	var v Value
	err := s.Object(func(name string) error {
		kind := KindOf(name)
		switch {
		case kind == None:
			return wire.Unsupported("the attribute type %q", name)
		case s.Null():
			return nil
		case v.Kind != None:
			return wire.Validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		}
		var err error
		v, err = s.content(kind, depth)
		return err
	})
	if err == nil && v.Kind == None {
		err = wire.Validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return v, err
}

func (s *Scanner) content(kind Kind, depth int) (Value, error) {
	v := Value{Kind: kind}
	var err error
	switch kind {
	case S:
		v.Text, err = s.String()
	case N, B:
		if v.Text, err = s.String(); err == nil {
			v.Text, err = scalar(kind, v.Text)
		}
	case BOOL:
		v.True, err = s.Bool()
	case NULL:
		var yes bool
		if yes, err = s.Bool(); err == nil && !yes {
			err = wire.Validation("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
	case SS, NS, BS:
		return s.set(kind)
	case L, M:
		if depth >= maxNesting {
			return v, errNesting
		}
		if kind == M {
			v.Map, err = s.readItem(depth + 1)
			break
		}
		v.List = []Value{}
		err = s.Array(func() error {
			element, err := s.readValue(depth + 1)
			v.List = append(v.List, element)
			return err
		})
	}
	return v, err
}

// scalar turns the wire text of a number or binary into what a Value holds.
func scalar(kind Kind, text string) (string, error) {
	switch kind {
	case N:
		return Number(text)
	case B:
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return "", wire.Errorf("SerializationException", "a binary value is not base64")
		}
		return string(raw), nil
	}
	return text, nil
}

func (s *Scanner) set(kind Kind) (Value, error) {
	var members []Value
	var shown []string
	err := s.Array(func() error {
		text, err := s.String()
		if err != nil {
			return err
		}
		shown = append(shown, text)
		text, err = scalar(kind.Member(), text)
		members = append(members, Value{Kind: kind.Member(), Text: text})
		return err
	})
	if err != nil {
		return Value{}, err
	}
	if len(members) == 0 {
		what := map[Kind]string{SS: "An string set", NS: "An number set", BS: "Binary sets"}[kind]
		if kind == BS {
			return Value{}, wire.Validation("One or more parameter values were invalid: %s should not be empty", what)
		}
		return Value{}, wire.Validation("One or more parameter values were invalid: %s  may not be empty", what)
	}
	v, ok := Set(kind, members)
	if !ok {
		switch list := "[" + strings.Join(shown, ", ") + "]"; kind {
		case NS:
			return v, wire.Validation("Input collection contains duplicates")
		case BS:
			return v, wire.Validation("One or more parameter values were invalid: Input collection %sof type BS contains duplicates.", list)
		default:
			return v, wire.Validation("One or more parameter values were invalid: Input collection %s contains duplicates.", list)
		}
	}
	return v, nil
}

// MarshalJSON writes the item in its wire form.
func (it Item) MarshalJSON() ([]byte, error) { return AppendItem(nil, it), nil }

// AppendItem writes an item in its wire form.
func AppendItem(b []byte, it Item) []byte {
	b = append(b, '{')
	for i := range it {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, it[i].Name), ':')
		b = AppendValue(b, &it[i].Value)
	}
	return append(b, '}')
}

// AppendValue writes a value in its wire form.
func AppendValue(b []byte, v *Value) []byte {
	b = append(b, `{"`...)
	b = append(b, v.Kind.String()...)
	b = append(b, `":`...)
	switch v.Kind {
	case BOOL, NULL:
		if v.True || v.Kind == NULL {
			b = append(b, "true"...)
		} else {
			b = append(b, "false"...)
		}
	case M:
		b = AppendItem(b, v.Map)
	case L, SS, NS, BS:
		b = append(b, '[')
		for i := range v.List {
			if i > 0 {
				b = append(b, ',')
			}
			if v.Kind == L {
				b = AppendValue(b, &v.List[i])
			} else {
				b = appendScalar(b, &v.List[i])
			}
		}
		b = append(b, ']')
	default:
		b = appendScalar(b, v)
	}
	return append(b, '}')
}

func appendScalar(b []byte, v *Value) []byte {
	if v.Kind == B {
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(v.Text))
		return append(b, '"')
	}
	return AppendString(b, v.Text)
}

const hexDigits = "0123456789abcdef"

// AppendString writes a JSON string.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			b = append(append(b, s[start:i]...), `\ufffd`...)
		} else {
			b = append(append(b, s[start:i]...), '\\')
			switch c {
			case '"', '\\':
				b = append(b, c)
			default:
				b = append(b, 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
