package attr

import "encoding/binary"

// Encode writes an item for storage. Equal items have equal encodings.
func (it Item) Encode() string {
	return string(appendItem(make([]byte, 0, 256), it))
}

func appendItem(b []byte, it Item) []byte {
	b = binary.AppendUvarint(b, uint64(len(it)))
	for i := range it {
		b = appendText(b, it[i].Name)
		b = appendValue(b, &it[i].Value)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendValue(b []byte, v *Value) []byte {
	b = append(b, byte(v.Kind))
	switch v.Kind {
	case S, N, B:
		return appendText(b, v.Text)
	case BOOL:
		if v.True {
			return append(b, 1)
		}
		return append(b, 0)
	case M:
		return appendItem(b, v.Map)
	case L:
		b = binary.AppendUvarint(b, uint64(len(v.List)))
		for i := range v.List {
			b = appendValue(b, &v.List[i])
		}
	case SS, NS, BS:
		b = binary.AppendUvarint(b, uint64(len(v.List)))
		for i := range v.List {
			b = appendText(b, v.List[i].Text)
		}
	}
	return b
}

// Decode reads what Encode wrote. The item shares the memory of data.
func Decode(data string) Item {
	r := reader{data}
	return r.item()
}

type reader struct{ data string }

func (r *reader) uvarint() int {
	var x, shift uint
	for i := 0; i < len(r.data); i++ {
		c := r.data[i]
		x |= uint(c&0x7f) << shift
		if c < 0x80 {
			r.data = r.data[i+1:]
			return int(x)
		}
		shift += 7
	}
	panic("attr: decode: truncated")
}

func (r *reader) text() string {
	n := r.uvarint()
	s := r.data[:n]
	r.data = r.data[n:]
	return s
}

func (r *reader) byte() byte {
	c := r.data[0]
	r.data = r.data[1:]
	return c
}

func (r *reader) item() Item {
	it := make(Item, r.uvarint())
	for i := range it {
		it[i].Name = r.text()
		r.value(&it[i].Value)
	}
	return it
}

func (r *reader) value(v *Value) {
	v.Kind = Kind(r.byte())
	switch v.Kind {
	case S, N, B:
		v.Text = r.text()
	case BOOL:
		v.True = r.byte() == 1
	case M:
		v.Map = r.item()
	case L:
		v.List = make([]Value, r.uvarint())
		for i := range v.List {
			r.value(&v.List[i])
		}
	case SS, NS, BS:
		v.List = make([]Value, r.uvarint())
		for i := range v.List {
			v.List[i] = Value{Kind: v.Kind.Member(), Text: r.text()}
		}
	}
}
