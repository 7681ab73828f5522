package dynamo

import (
	"reflect"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// decoder reads one JSON value of the wire into a Go value.
type decoder func(s *attr.Scanner, v reflect.Value) error

var (
	itemType  = reflect.TypeFor[attr.Item]()
	valueType = reflect.TypeFor[attr.Value]()
)

// compile makes the decoder of a type. The members of a struct have the names of
// its fields, letter by letter, also of those of embedded structs; a member that it does not have is refused and
// named, since leaving it out would change what the call means. null is no value.
func compile(t reflect.Type, operation string) decoder {
	read := compileValue(t, operation)
	return func(s *attr.Scanner, v reflect.Value) error {
		if s.Null() {
			return nil
		}
		return read(s, v)
	}
}

func compileValue(t reflect.Type, operation string) decoder {
	switch t {
	case itemType:
		return func(s *attr.Scanner, v reflect.Value) error {
			it, err := s.ReadItem()
			*v.Addr().Interface().(*attr.Item) = it
			return err
		}
	case valueType:
		return func(s *attr.Scanner, v reflect.Value) error {
			value, err := s.ReadValue()
			*v.Addr().Interface().(*attr.Value) = value
			return err
		}
	}
	switch t.Kind() {
	case reflect.String:
		return func(s *attr.Scanner, v reflect.Value) error {
			text, err := s.String()
			v.SetString(text)
			return err
		}
	case reflect.Bool:
		return func(s *attr.Scanner, v reflect.Value) error {
			yes, err := s.Bool()
			v.SetBool(yes)
			return err
		}
	case reflect.Int:
		return func(s *attr.Scanner, v reflect.Value) error {
			n, err := s.Int()
			v.SetInt(n)
			return err
		}
	case reflect.Pointer:
		read := compile(t.Elem(), operation)
		return func(s *attr.Scanner, v reflect.Value) error {
			v.Set(reflect.New(t.Elem()))
			return read(s, v.Elem())
		}
	case reflect.Slice:
		read := compile(t.Elem(), operation)
		return func(s *attr.Scanner, v reflect.Value) error {
			v.Set(reflect.MakeSlice(t, 0, 4))
			return s.Array(func() error {
				v.Set(reflect.Append(v, reflect.Zero(t.Elem())))
				return read(s, v.Index(v.Len()-1))
			})
		}
	case reflect.Map:
		read := compile(t.Elem(), operation)
		return func(s *attr.Scanner, v reflect.Value) error {
			v.Set(reflect.MakeMap(t))
			return s.Object(func(name string) error {
				element := reflect.New(t.Elem()).Elem()
				err := read(s, element)
				v.SetMapIndex(reflect.ValueOf(name), element)
				return err
			})
		}
	case reflect.Struct:
		return compileStruct(t, operation)
	}
	panic("dynamo: no decoder for " + t.String())
}

func compileStruct(t reflect.Type, operation string) decoder {
	type member struct {
		index []int
		read  decoder
	}
	members := map[string]member{}
	for _, f := range reflect.VisibleFields(t) {
		if !f.Anonymous {
			members[f.Name] = member{f.Index, compile(f.Type, operation)}
		}
	}
	return func(s *attr.Scanner, v reflect.Value) error {
		return s.Object(func(name string) error {
			m, ok := members[name]
			if !ok {
				return wire.Unsupported("the member %s of %s", name, operation)
			}
			return m.read(s, v.FieldByIndex(m.index))
		})
	}
}

// operation runs one kind of call.
type operation func(c *call) (any, error)

// handle makes an operation from the function that runs it, whose request type
// names the members that the operation knows.
func handle[T any](name string, run func(c *call, in *T) (any, error)) operation {
	read := compile(reflect.TypeFor[T](), name)
	return func(c *call) (any, error) {
		in := new(T)
		body := c.Body
		if len(body) == 0 {
			body = []byte("{}")
		}
		s, err := attr.NewScanner(body)
		if err == nil {
			err = read(s, reflect.ValueOf(in).Elem())
		}
		if err == nil {
			err = s.End()
		}
		if err != nil {
			return nil, err
		}
		return run(c, in)
	}
}
