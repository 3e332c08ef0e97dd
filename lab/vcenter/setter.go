package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	vimjson "github.com/vmware/govmomi/vim25/json"
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
	lab.change(object, o.Path, value)
	return nil
}

// get returns one property of one object as JSON, in the form that set takes.
func (lab *Lab) get(o order) (any, error) {
	object, err := lab.find(o.Kind, o.Name)
	if err != nil {
		return nil, err
	}
	if _, err := propertyType(object, o.Path); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	var failure error
	ctx := lab.context()
	lab.registry().WithLock(ctx, object, func() {
		encoder := vimjson.NewEncoder(&text)
		encoder.SetDiscriminator("_typeName", "_value", vimjson.DiscriminatorEncodeTypeNameAllObjects)
		encoder.SetTypeToDiscriminatorFunc(types.VmomiTypeName)
		failure = encoder.Encode(propertyValue(object, o.Path))
	})
	return json.RawMessage(text.Bytes()), failure
}

// setting is what a property was before it was set, with what the keeper lets follow from it.
type setting struct {
	object    mo.Reference
	path      string
	before    types.AnyType
	followers []types.PropertyChange
}

// change sets a property and remembers what it was.
func (lab *Lab) change(object mo.Reference, property string, value types.AnyType) {
	ctx := lab.context()
	lab.settingsMu.Lock()
	defer lab.settingsMu.Unlock()
	lab.registry().WithLock(ctx, object, func() {
		before := setting{object: object, path: property, before: propertyValue(object, property)}
		for _, path := range followersOf(object, property) {
			before.followers = append(before.followers, types.PropertyChange{Name: path, Val: propertyValue(object, path)})
		}
		lab.settings = append(lab.settings, before)
		lab.registry().AtomicUpdate(ctx, object, []types.PropertyChange{{Name: property, Val: value}})
	})
}

// followersOf returns the properties of a machine that the keeper changes when this one changes.
func followersOf(object mo.Reference, property string) []string {
	if object.Reference().Type != "VirtualMachine" {
		return nil
	}
	var changes []types.PropertyChange
	switch property {
	case "runtime.powerState":
		changes = append(bootTime(nil), toolsStopped()...)
	case "snapshot":
		changes = []types.PropertyChange{
			{Name: devicesPath}, {Name: "runtime.consolidationNeeded"}, {Name: "summary.runtime.consolidationNeeded"},
		}
	}
	paths := make([]string, len(changes))
	for i, change := range changes {
		paths[i] = change.Name
	}
	return paths
}

// undo gives back what was set since the start or the last undo, newest first, and ends all else that the control endpoint
// began: what is concealed or missing, faults and delays.
func (lab *Lab) undo() {
	lab.concealed.clear()
	lab.missing.clear()
	lab.faults.clear()
	lab.setDelays(order{})
	lab.keeper.leaveNoDeltas()
	lab.untell()
	lab.settingsMu.Lock()
	defer lab.settingsMu.Unlock()
	for _, each := range slices.Backward(lab.settings) {
		ctx := lab.context()
		lab.registry().WithLock(ctx, each.object, func() {
			lab.registry().AtomicUpdate(ctx, each.object, []types.PropertyChange{{Name: each.path, Val: each.before}})
			for _, follower := range each.followers {
				lab.registry().AtomicUpdate(ctx, each.object, []types.PropertyChange{follower})
			}
		})
	}
	lab.settings = nil
}

// propertyValue returns a property as it is, nil where it is unset.
func propertyValue(object mo.Reference, property string) types.AnyType {
	current := managedValue(object)
	for _, name := range strings.Split(property, ".") {
		current = current.FieldByName(strings.ToUpper(name[:1]) + name[1:])
		for current.Kind() == reflect.Pointer {
			if current.IsNil() {
				return nil
			}
			current = current.Elem()
		}
	}
	if (current.Kind() == reflect.Slice || current.Kind() == reflect.Interface) && current.IsNil() {
		return nil
	}
	return current.Interface()
}

// managedValue returns the part of package mo of the simulator's object.
func managedValue(object mo.Reference) reflect.Value {
	current := reflect.ValueOf(object).Elem()
	for path.Base(current.Type().PkgPath()) != "mo" {
		current = current.Field(0)
		if current.Kind() == reflect.Pointer {
			current = current.Elem()
		}
	}
	return current
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
