package main

import (
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// diskFacts are what a disk's file says of the disk, whichever machine it is attached to.
type diskFacts struct {
	uuid     string
	capacity int64
}

// diskLedger remembers what each disk's file says, also of disks that no machine has: the simulator writes it nowhere.
type diskLedger struct {
	mu    sync.Mutex
	files map[string]diskFacts
}

func newDiskLedger() *diskLedger { return &diskLedger{files: map[string]diskFacts{}} }

// note records the files of a machine's disks.
func (l *diskLedger) note(disks []*types.VirtualDisk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, disk := range disks {
		for backing := backingOf(disk); backing != nil; backing = backing.Parent {
			l.files[backing.FileName] = diskFacts{uuid: backing.Uuid, capacity: disk.CapacityInBytes}
		}
	}
}

func (l *diskLedger) lookup(file string) (diskFacts, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	facts, ok := l.files[file]
	return facts, ok
}

// fileExists reports whether the disk's descriptor file is there.
func (lab *Lab) fileExists(ctx *simulator.Context, file string) bool {
	dc := lab.datacenter().Self
	_, _, fault := lab.registry().FileManager().DiskDescriptor(ctx, &dc, file)
	return fault == nil
}

// makeDelta makes the files of a delta disk after those of its base; false when they exist.
func (lab *Lab) makeDelta(ctx *simulator.Context, base, delta string) bool {
	dc := lab.datacenter().Self
	manager := lab.registry().FileManager()
	if lab.fileExists(ctx, delta) {
		return false
	}
	descriptor, file, fault := manager.DiskDescriptor(ctx, &dc, base)
	if fault != nil {
		return true // nothing to write beside; the backing alone tells
	}
	target := filepath.Join(filepath.Dir(file), path.Base(delta))
	if fault := manager.SaveDiskDescriptor(ctx, descriptor, target); fault != nil {
		return true
	}
	_ = os.WriteFile(simulator.VirtualDiskBackingFileName(target), nil, 0o600)
	return true
}
