package wire

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// shape is what encoding/json makes of a type, or of what it points to.
type shape struct {
	kind         reflect.Kind // Invalid for a type that decodes itself
	bits         int          // of a number type
	fields       []field      // of a struct
	elem         *shape       // of a slice, an array or a map
	extra        []int        // the index of a struct's field Extra, or nil
	hasInterface bool         // the type is or contains an interface; set at the root only
}

type field struct {
	name  string
	index []int // for [reflect.Value.FieldByIndex]
	shape *shape
}

// anything is the shape of an interface.
var anything = &shape{kind: reflect.Interface, hasInterface: true}

// shapes has the *shape of each type that was decoded, by its [reflect.Type].
var shapes sync.Map

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	b := builder{known: map[reflect.Type]*shape{}}
	root := *b.build(t)
	root.hasInterface = b.hasInterface
	known, _ := shapes.LoadOrStore(t, &root)
	return known.(*shape)
}

// builder builds the shape of a type, which may contain itself.
type builder struct {
	known        map[reflect.Type]*shape
	hasInterface bool
}

func (b *builder) build(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if b.known[t] != nil {
		return b.known[t]
	}
	s := &shape{kind: t.Kind()}
	b.known[t] = s
	switch {
	case decodesItself(t):
		s.kind = reflect.Invalid
	case t == reflect.TypeFor[json.Number]():
		s.kind, s.bits = reflect.Float64, 64
	case s.kind == reflect.Interface:
		b.hasInterface = true
	case s.kind == reflect.Slice || s.kind == reflect.Array || s.kind == reflect.Map:
		s.elem = b.build(t.Elem())
	case s.kind == reflect.Struct:
		b.addFields(s, t)
	case isNumber(s.kind):
		s.bits = t.Bits()
	}
	return s
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (b *builder) addFields(s *shape, t reflect.Type) {
	for _, f := range reflect.VisibleFields(t) { // includes those of embedded structs
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-":
			if f.Name == "Extra" && f.Type.Kind() == reflect.String {
				s.extra = f.Index
			}
		case !f.IsExported(), f.Anonymous && name == "" && isStruct(f.Type):
		case strings.Contains(options, "string"):
			s.fields = append(s.fields, field{cmp.Or(name, f.Name), f.Index, new(shape)})
		default:
			s.fields = append(s.fields, field{cmp.Or(name, f.Name), f.Index, b.build(f.Type)})
		}
	}
}

// isStruct reports whether encoding/json promotes the fields of an embedded t.
func isStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// isContainer reports whether s has members or elements.
func (s *shape) isContainer() bool { return s.elem != nil || s.kind == reflect.Struct }

// exact returns the field with this name, or nil.
func (s *shape) exact(name []byte) *field {
	for i := range s.fields {
		if f := &s.fields[i]; f.name == string(name) {
			return f
		}
	}
	return nil
}

// like returns the field that encoding/json fills from a member with this name, or nil.
func (s *shape) like(name string) *field {
	if f := s.exact([]byte(name)); f != nil {
		return f
	}
	for i := range s.fields {
		if f := &s.fields[i]; strings.EqualFold(f.name, name) {
			return f
		}
	}
	return nil
}
