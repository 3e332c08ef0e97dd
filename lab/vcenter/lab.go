package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Lab is the simulated vCenter with what this program adds to govmomi's.
type Lab struct {
	model    *simulator.Model
	scenario *Scenario
	secrets  *Secrets
	keeper   *keeper
	faults   *faultRules
	missing  *missingPrivileges
	delays   *delays
	record   *callRecord
	disks    *diskLedger
	overlays *overlays
	// concealed are properties that their users may not read.
	concealed *concealed

	settingsMu sync.Mutex
	settings   []setting // what `set` has changed, oldest first
	told       []types.BaseEvent
}

const (
	apiVersion     = "8.0.3.0"
	productVersion = "8.0.3"
)

// newLab creates an empty vCenter: every other part is added to it.
func newLab(scenario *Scenario, secrets *Secrets, record *callRecord, toolsDelay time.Duration) (*Lab, error) {
	content := vpx.ServiceContent
	content.About.ApiVersion = apiVersion
	content.About.Version = productVersion
	content.About.FullName = "VMware vCenter Server " + productVersion + " (lab)"
	content.About.InstanceUuid = scenario.InstanceUUID
	model := &simulator.Model{ServiceContent: content, RootFolder: vpx.RootFolder}
	if err := model.Create(); err != nil {
		return nil, err
	}
	lab := &Lab{
		model: model, scenario: scenario, secrets: secrets, record: record,
		faults: new(faultRules), missing: newMissingPrivileges(), delays: new(delays), disks: newDiskLedger(),
		overlays: newOverlays(), concealed: new(concealed),
	}
	lab.keeper = newKeeper(lab, toolsDelay)
	lab.registry().AddHandler(lab.keeper)
	return lab, nil
}

func (lab *Lab) registry() *simulator.Registry { return lab.model.Map() }

// context returns a context of its own: the simulator's object locks are shared by all who use the same one.
func (lab *Lab) context() *simulator.Context {
	service := *lab.model.Service.Context
	service.Context = context.Background()
	return &service
}

// home is the temporary directory that holds the datastores' files.
func (lab *Lab) home() (string, error) {
	for _, option := range lab.registry().OptionManager().Setting {
		if value := option.GetOptionValue(); value.Key == "vcsim.home" {
			return value.Value.(string), nil
		}
	}
	return "", fmt.Errorf("the simulator has no home directory")
}

// find returns the object of type kind that has the name or the reference value `name`.
func (lab *Lab) find(kind, name string) (mo.Reference, error) {
	for _, object := range lab.registry().AllReference(kind) {
		if object.Reference().Value == name || nameOf(object) == name {
			return object, nil
		}
	}
	return nil, fmt.Errorf("no %s %q", kind, name)
}

// nameOf returns the inventory name of an object, empty when it has none.
func nameOf(object mo.Reference) string {
	switch entity := object.(type) {
	case nil:
		return ""
	case *mo.Network:
		return entity.Name
	case mo.Entity:
		return entity.Entity().Name
	}
	return ""
}

// datacenter returns the site's only datacenter.
func (lab *Lab) datacenter() *simulator.Datacenter {
	return lab.registry().Any("Datacenter").(*simulator.Datacenter)
}

// datastorePath composes "[datastore] path".
func datastorePath(datastore, file string) string { return "[" + datastore + "] " + file }

// makeDirectory makes the directory of a datastore file where it is missing.
func (lab *Lab) makeDirectory(ctx *simulator.Context, file string) error {
	dc := lab.datacenter().Self
	yes := true
	result := lab.registry().FileManager().MakeDirectory(ctx, &types.MakeDirectory{
		Name: path.Dir(file), Datacenter: &dc, CreateParentDirectories: &yes,
	})
	if fault := result.Fault(); fault != nil {
		return fmt.Errorf("%s: %s", file, fault.String)
	}
	return nil
}

// remove deletes the temporary files. It must run before the process exits: os.Exit skips defers.
func (lab *Lab) remove() {
	if home, err := lab.home(); err == nil && strings.Contains(home, "govcsim-") {
		_ = os.RemoveAll(home)
	}
}
