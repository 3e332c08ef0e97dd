package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// install makes the simulator ask this program before each call, and teaches it what it cannot parse or do.
func (lab *Lab) install() {
	// pyvmomi sends references inside `anyType` (removeKey) under this name; unknown, it ends the process in a panic.
	types.Add("ManagedObject", reflect.TypeOf((*types.ManagedObjectReference)(nil)).Elem())
	lab.registry().Handler = lab.handle
	lab.installStorageManager()
	lab.installAuthorization()
	lab.installUsers()
	lab.installCollector()
}

// handle sees each SOAP call before it is served: it may refuse it, complete it or put an overlay before its object.
func (lab *Lab) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if fault := lab.missing.refuse(ctx, method); fault != nil {
		return nil, fault
	}
	if fault := lab.faults.fault(whenBefore, lab.call(ctx, method)); fault != nil {
		return nil, fault
	}
	completeSearch(method)
	if method.Name == "Logout" && ctx.Session != nil {
		lab.overlays.end(ctx.Session.Key)
		return nil, nil
	}
	lab.overlay(ctx, method)
	return nil, nil
}

// completeSearch fills a missing search specification, over which the simulator panics.
func completeSearch(method *simulator.Method) {
	everything := &types.HostDatastoreBrowserSearchSpec{MatchPattern: []string{"*"}}
	switch request := method.Body.(type) {
	case *types.SearchDatastore_Task:
		if request.SearchSpec == nil {
			request.SearchSpec = everything
		}
	case *types.SearchDatastoreSubFolders_Task:
		if request.SearchSpec == nil {
			request.SearchSpec = everything
		}
	}
}

// installUsers lets only the given users log in.
func (lab *Lab) installUsers() {
	lab.registry().SessionManager().ValidLogin = func(request *types.Login) bool {
		password, known := lab.secrets.Users[request.UserName]
		return known && password != "" && password == request.Password
	}
}
