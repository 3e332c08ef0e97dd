package main

import (
	"bytes"
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// set changes one property of one object as if vCenter had: whoever waits for updates hears of it. The value is
// JSON of the property's type (with _typeName where the type is abstract); null unsets it.
func (lab *Lab) set(o order) error {
	object, err := lab.find(o.Kind, o.Name)
	if err != nil {
		return err
	}
	target, err := propertyType(object, o.Path)
	if err != nil {
		return err
	}
	var value types.AnyType
	if text := strings.TrimSpace(string(o.Value)); text != "" && text != "null" {
		decoded := reflect.New(target)
		if err := types.NewJSONDecoder(bytes.NewReader(o.Value)).Decode(decoded.Interface()); err != nil {
			return fmt.Errorf("%s: %w", o.Path, err)
		}
		value = decoded.Elem().Interface()
	}
	lab.registry().AtomicUpdate(lab.context(), object, []types.PropertyChange{{Name: o.Path, Val: value}})
	return nil
}

// propertyType returns the Go type of a property, a pointer's target for an optional one.
func propertyType(object mo.Reference, property string) (reflect.Type, error) {
	current := managedType(object)
	for _, name := range strings.Split(property, ".") {
		if current.Kind() != reflect.Struct {
			return nil, fmt.Errorf("%s: %s has no members that can be set one by one", property, current)
		}
		field, ok := current.FieldByName(strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):])
		if !ok {
			return nil, fmt.Errorf("%s: no property %q", property, name)
		}
		current = field.Type
		if current.Kind() == reflect.Pointer {
			current = current.Elem()
		}
	}
	return current, nil
}

// managedType returns the type of package mo that the simulator's object embeds.
func managedType(object mo.Reference) reflect.Type {
	current := reflect.TypeOf(object).Elem()
	for path.Base(current.PkgPath()) != "mo" {
		current = current.Field(0).Type
		if current.Kind() == reflect.Pointer {
			current = current.Elem()
		}
	}
	return current
}
