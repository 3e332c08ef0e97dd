package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// settleMachine brings a machine that was just made to the state of the scenario. It is switched on by setting the
// state, not by a task, so that no event says that it started when the lab did.
func (b *builder) settleMachine(vm *simulator.VirtualMachine, spec MachineSpec) {
	ctx := b.context()
	b.registry().WithLock(ctx, vm, func() {
		ctx.Update(vm, []types.PropertyChange{
			{Name: "config.guestFullName", Val: spec.Guest.FullName},
			{Name: "summary.config.guestFullName", Val: spec.Guest.FullName},
			{Name: "guest.guestId", Val: spec.GuestID},
			{Name: "guest.guestFullName", Val: spec.Guest.FullName},
			{Name: "summary.guest.guestFullName", Val: spec.Guest.FullName},
			{Name: "guest.guestFamily", Val: spec.Guest.Family},
			{Name: "guest.guestDetailedData", Val: optional(spec.Guest.DetailedData)},
			{Name: "guest.toolsVersionStatus2", Val: optional(spec.Guest.ToolsVersionStatus)},
			{Name: "summary.guest.toolsVersionStatus2", Val: optional(spec.Guest.ToolsVersionStatus)},
			{Name: "runtime.consolidationNeeded", Val: false},
			{Name: "summary.runtime.consolidationNeeded", Val: false},
		})
		ctx.Update(vm, toolsStopped())
		if spec.BootTime == nil {
			return
		}
		on := types.VirtualMachinePowerStatePoweredOn
		ctx.Update(vm, []types.PropertyChange{
			{Name: "runtime.powerState", Val: on},
			{Name: "summary.runtime.powerState", Val: on},
			{Name: devicesPath, Val: connected(vm.Config.Hardware.Device)},
		})
		ctx.Update(vm, bootTime(spec.BootTime))
		if spec.Guest.ToolsRunning {
			ctx.Update(vm, toolsStarted(spec.Guest, vm))
		}
	})
}

// optional returns nil for an empty string: an unset property, not an empty one.
func optional(text string) types.AnyType {
	if text == "" {
		return nil
	}
	return text
}

// connected returns the devices as they are while the machine runs.
func connected(devices []types.BaseVirtualDevice) []types.BaseVirtualDevice {
	for _, device := range devices {
		if info := device.GetVirtualDevice().Connectable; info != nil {
			info.Connected = info.StartConnected
		}
	}
	return devices
}

// toolsStopped returns the changes when VMware Tools cease to report. The names of the operating system stay.
func toolsStopped() []types.PropertyChange {
	status, state := string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning), string(types.VirtualMachineGuestStateNotRunning)
	return []types.PropertyChange{
		{Name: "guest.toolsRunningStatus", Val: status},
		{Name: "summary.guest.toolsRunningStatus", Val: status},
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsNotRunning},
		{Name: "summary.guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsNotRunning},
		{Name: "guest.guestState", Val: state},
		{Name: "guest.ipAddress", Val: nil},
		{Name: "summary.guest.ipAddress", Val: nil},
		{Name: "guest.hostName", Val: nil},
		{Name: "summary.guest.hostName", Val: nil},
		{Name: "guest.net", Val: nil},
		{Name: "guest.disk", Val: nil},
	}
}

// toolsStarted returns the changes when VMware Tools begin to report.
func toolsStarted(guest GuestSpec, vm *simulator.VirtualMachine) []types.PropertyChange {
	status, state := string(types.VirtualMachineToolsRunningStatusGuestToolsRunning), string(types.VirtualMachineGuestStateRunning)
	nets := guestNets(guest, vm)
	changes := []types.PropertyChange{
		{Name: "guest.toolsRunningStatus", Val: status},
		{Name: "summary.guest.toolsRunningStatus", Val: status},
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "summary.guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "guest.guestState", Val: state},
		{Name: "guest.hostName", Val: guest.HostName},
		{Name: "summary.guest.hostName", Val: guest.HostName},
		{Name: "guest.net", Val: nets},
		{Name: "guest.disk", Val: guestDisks(guest)},
	}
	if len(nets) > 0 && len(nets[0].IpAddress) > 0 {
		address := nets[0].IpAddress[0]
		changes = append(changes,
			types.PropertyChange{Name: "guest.ipAddress", Val: address},
			types.PropertyChange{Name: "summary.guest.ipAddress", Val: address})
	}
	return changes
}

func guestNets(guest GuestSpec, vm *simulator.VirtualMachine) []types.GuestNicInfo {
	var nets []types.GuestNicInfo
	for _, device := range vm.Config.Hardware.Device {
		card, ok := device.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		nic := card.GetVirtualEthernetCard()
		info := types.GuestNicInfo{
			Network: "VM Network", MacAddress: nic.MacAddress, Connected: true, DeviceConfigId: nic.Key,
			IpConfig: new(types.NetIpConfigInfo),
		}
		if len(nets) < len(guest.Addresses) {
			info.IpAddress = guest.Addresses[len(nets)]
		}
		for _, address := range info.IpAddress {
			info.IpConfig.IpAddress = append(info.IpConfig.IpAddress, types.NetIpConfigInfoIpAddress{IpAddress: address, PrefixLength: 24})
		}
		nets = append(nets, info)
	}
	return nets
}

func guestDisks(guest GuestSpec) []types.GuestDiskInfo {
	var disks []types.GuestDiskInfo
	for _, volume := range guest.Volumes {
		disks = append(disks, types.GuestDiskInfo{
			DiskPath: volume.Path, Capacity: volume.Capacity, FreeSpace: volume.Free, FilesystemType: volume.Filesystem,
		})
	}
	return disks
}
