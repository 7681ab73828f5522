package scan

// Valid reports whether b is one JSON value, not nested too deeply, with nothing
// after it.
func Valid(b []byte) bool {
	s := Of(b)
	s.Value()
	s.End()
	return s.OK()
}

// Get gives the value of an object's member, the last one of that name as
// everywhere; nil if there is none, or if value is no object.
func Get(value []byte, name string) []byte {
	var out []byte
	s := Of(value)
	for n := range s.Members {
		v := s.Value()
		if string(n) == name {
			out = v
		}
	}
	if s.bad {
		return nil
	}
	return out
}

// First gives an array's first element; nil if there is none, or if value is no
// array.
func First(value []byte) []byte {
	s := Of(value)
	for range s.Elements {
		return s.Value()
	}
	return nil
}

// Each ranges over an array's elements. Any other value has none.
func Each(value []byte) func(yield func(element []byte) bool) {
	return func(yield func([]byte) bool) {
		s := Of(value)
		for range s.Elements {
			v := s.Value()
			if s.bad || !yield(v) {
				return
			}
		}
	}
}

// IsObject reports whether the bytes of a value are those of an object.
func IsObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// IsNumber reports whether the bytes of a value are those of a number.
func IsNumber(value []byte) bool {
	return len(value) > 0 && (value[0] == '-' || value[0]-'0' <= 9)
}
