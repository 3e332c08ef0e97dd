package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// builder makes the scenario's inventory through the simulator's own API, in process.
type builder struct {
	*Lab
	client  *vim25.Client
	folders *object.DatacenterFolders
	hosts   map[string]*object.HostSystem
	pools   map[string]*object.ResourcePool // by host
}

// build fills the empty vCenter with the scenario.
func (lab *Lab) build(ctx context.Context) error {
	client, err := vim25.NewClient(ctx, lab.model.Service)
	if err != nil {
		return err
	}
	b := &builder{Lab: lab, client: client, hosts: map[string]*object.HostSystem{}, pools: map[string]*object.ResourcePool{}}
	for _, step := range []func(context.Context) error{b.makeDatacenter, b.makeClusters, b.makeDatastores, b.makePods, b.makeMachines} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return b.settleDatastores()
}

func (b *builder) makeDatacenter(ctx context.Context) error {
	dc, err := object.NewRootFolder(b.client).CreateDatacenter(ctx, b.scenario.Datacenter)
	if err != nil {
		return err
	}
	b.folders, err = dc.Folders(ctx)
	return err
}

func (b *builder) makeClusters(ctx context.Context) error {
	for _, spec := range b.scenario.Clusters {
		drs := spec.DRS
		overrides := true
		// The library leaves both unset; a vCenter always tells them. Source: API, ClusterDrsConfigInfo.
		config := types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{
			Enabled: &drs, EnableVmBehaviorOverrides: &overrides, DefaultVmBehavior: types.DrsBehaviorFullyAutomated,
		}}
		cluster, err := b.folders.HostFolder.CreateCluster(ctx, spec.Name, config)
		if err != nil {
			return err
		}
		// CreateClusterEx ignores its specification.
		task, err := cluster.Reconfigure(ctx, &config, true)
		if err != nil {
			return err
		}
		if err := task.Wait(ctx); err != nil {
			return err
		}
		pool, err := cluster.ResourcePool(ctx)
		if err != nil {
			return err
		}
		for _, name := range spec.Hosts {
			if err := b.addHost(ctx, cluster, pool, name); err != nil {
				return err
			}
		}
	}
	return nil
}

const hostMemory = 256 << 30 // bytes

func (b *builder) addHost(ctx context.Context, cluster *object.ClusterComputeResource, pool *object.ResourcePool, name string) error {
	task, err := cluster.AddHost(ctx, types.HostConnectSpec{HostName: name}, true, nil, nil)
	if err != nil {
		return err
	}
	info, err := task.WaitForResult(ctx, nil)
	if err != nil {
		return err
	}
	ref := info.Result.(types.ManagedObjectReference)
	// The simulator's host has 4 GiB, less than the machines of a site need.
	b.registry().AtomicUpdate(b.context(), b.registry().Get(ref), []types.PropertyChange{
		{Name: "hardware.memorySize", Val: int64(hostMemory)},
		{Name: "summary.hardware.memorySize", Val: int64(hostMemory)},
	})
	b.hosts[name] = object.NewHostSystem(b.client, ref)
	b.pools[name] = pool
	return nil
}

func (b *builder) makeDatastores(ctx context.Context) error {
	home, err := b.home()
	if err != nil {
		return err
	}
	for _, spec := range b.scenario.Datastores {
		directory := filepath.Join(home, spec.Name)
		if err := os.Mkdir(directory, 0o700); err != nil {
			return err
		}
		for _, mount := range spec.Mounts {
			host, ok := b.hosts[mount.Host]
			if !ok {
				return fmt.Errorf("datastore %s: no host %s", spec.Name, mount.Host)
			}
			system, err := host.ConfigManager().DatastoreSystem(ctx)
			if err != nil {
				return err
			}
			if _, err := system.CreateLocalDatastore(ctx, spec.Name, directory); err != nil {
				return err
			}
		}
		if err := b.setDatastoreType(spec); err != nil {
			return err
		}
	}
	return nil
}

// setDatastoreType gives the datastore the type that it would have on a site; the simulator can only make local ones.
func (b *builder) setDatastoreType(spec DatastoreSpec) error {
	found, err := b.find("Datastore", spec.Name)
	if err != nil {
		return err
	}
	ds := found.(*simulator.Datastore)
	b.registry().AtomicUpdate(b.context(), ds, []types.PropertyChange{
		{Name: "summary.type", Val: spec.Type},
		{Name: "summary.multipleHostAccess", Val: true},
		{Name: "info", Val: datastoreInfo(spec, *ds.Info.GetDatastoreInfo())},
		{Name: "host", Val: b.mounts(spec, ds)},
	})
	return nil
}

func datastoreInfo(spec DatastoreSpec, base types.DatastoreInfo) types.BaseDatastoreInfo {
	volume := types.HostFileSystemVolume{Type: spec.Type, Name: spec.Name, Capacity: spec.Capacity}
	switch spec.Type {
	case "NFS":
		return &types.NasDatastoreInfo{DatastoreInfo: base, Nas: &types.HostNasVolume{
			HostFileSystemVolume: volume, RemoteHost: "nas", RemotePath: "/" + spec.Name,
		}}
	case "vsan":
		return &types.VsanDatastoreInfo{DatastoreInfo: base, MembershipUuid: spec.UUID}
	default:
		return &types.VmfsDatastoreInfo{DatastoreInfo: base, Vmfs: &types.HostVmfsVolume{
			HostFileSystemVolume: volume, Uuid: spec.UUID, BlockSizeMb: 1, MajorVersion: 6, Version: "6.82",
		}}
	}
}

func (b *builder) mounts(spec DatastoreSpec, ds *simulator.Datastore) []types.DatastoreHostMount {
	byHost := map[types.ManagedObjectReference]MountSpec{}
	for _, mount := range spec.Mounts {
		byHost[b.hosts[mount.Host].Reference()] = mount
	}
	result := make([]types.DatastoreHostMount, len(ds.Host))
	for i, entry := range ds.Host {
		mount, mounted := byHost[entry.Key], true
		entry.MountInfo.AccessMode = mount.AccessMode
		entry.MountInfo.Mounted = &mounted
		entry.MountInfo.Accessible = &mount.Accessible
		result[i] = entry
	}
	return result
}

func (b *builder) makePods(ctx context.Context) error {
	for _, name := range b.scenario.Pods {
		pod, err := b.folders.DatastoreFolder.CreateStoragePod(ctx, name)
		if err != nil {
			return err
		}
		var members []types.ManagedObjectReference
		for _, spec := range b.scenario.Datastores {
			if spec.Pod != name {
				continue
			}
			ds, err := b.find("Datastore", spec.Name)
			if err != nil {
				return err
			}
			members = append(members, ds.Reference())
		}
		if len(members) == 0 {
			continue
		}
		// All in one call: the simulator repeats the earlier children of a pod in each further call.
		task, err := pod.MoveInto(ctx, members)
		if err != nil {
			return err
		}
		if err := task.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settleDatastores sets the sizes last: making disks takes free space, and the scenario's figure counts them already.
func (b *builder) settleDatastores() error {
	for _, spec := range b.scenario.Datastores {
		found, err := b.find("Datastore", spec.Name)
		if err != nil {
			return err
		}
		ds := found.(*simulator.Datastore)
		ctx := b.context()
		b.registry().WithLock(ctx, ds, func() {
			ds.Info.GetDatastoreInfo().FreeSpace = spec.Free
			ctx.Update(ds, []types.PropertyChange{
				{Name: "summary.capacity", Val: spec.Capacity},
				{Name: "summary.freeSpace", Val: spec.Free},
			})
		})
	}
	return b.settlePods()
}

func (b *builder) settlePods() error {
	for _, name := range b.scenario.Pods {
		pod, err := b.find("StoragePod", name)
		if err != nil {
			return err
		}
		var capacity, free int64
		for _, spec := range b.scenario.Datastores {
			if spec.Pod == name {
				capacity, free = capacity+spec.Capacity, free+spec.Free
			}
		}
		b.registry().AtomicUpdate(b.context(), pod, []types.PropertyChange{
			{Name: "summary", Val: &types.StoragePodSummary{Name: name, Capacity: capacity, FreeSpace: free}},
			{Name: "podStorageDrsEntry.storageDrsConfig.podConfig.defaultVmBehavior", Val: "automated"},
		})
	}
	return nil
}
