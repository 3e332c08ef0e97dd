package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Scenario is the inventory to build, as lab/failback_lab/vcenter_inventory.py writes it. Sizes are bytes.
type Scenario struct {
	InstanceUUID string          `json:"instanceUuid"`
	Datacenter   string          `json:"datacenter"`
	Clusters     []ClusterSpec   `json:"clusters"`
	Pods         []string        `json:"pods"`
	Datastores   []DatastoreSpec `json:"datastores"`
	Machines     []MachineSpec   `json:"machines"`
}

// ClusterSpec is a cluster with its hosts.
type ClusterSpec struct {
	Name  string   `json:"name"`
	DRS   bool     `json:"drs"`
	Hosts []string `json:"hosts"`
}

// DatastoreSpec is a datastore; Free counts the machines' disks as already taken.
type DatastoreSpec struct {
	Name     string      `json:"name"`
	Type     string      `json:"type"`
	UUID     string      `json:"uuid"`
	Capacity int64       `json:"capacity"`
	Free     int64       `json:"free"`
	Pod      string      `json:"pod"`
	Mounts   []MountSpec `json:"mounts"`
}

// MountSpec says how a host sees a datastore.
type MountSpec struct {
	Host       string `json:"host"`
	AccessMode string `json:"accessMode"`
	Accessible bool   `json:"accessible"`
}

// MachineSpec is a virtual machine.
type MachineSpec struct {
	Name         string            `json:"name"`
	InstanceUUID string            `json:"instanceUuid"`
	BiosUUID     string            `json:"biosUuid"`
	Host         string            `json:"host"`
	Datastore    string            `json:"datastore"`
	GuestID      string            `json:"guestId"`
	MemoryMiB    int64             `json:"memoryMiB"`
	BootTime     *time.Time        `json:"bootTime"` // absent: powered off
	Guest        GuestSpec         `json:"guest"`
	Controllers  []ControllerSpec  `json:"controllers"`
	Disks        []DiskSpec        `json:"disks"`
	Macs         []string          `json:"macs"`
	ExtraConfig  map[string]string `json:"extraConfig"`
	Snapshots    []SnapshotSpec    `json:"snapshots"` // oldest first, each the child of the one before
}

// GuestSpec is what VMware Tools report while they run.
type GuestSpec struct {
	ToolsRunning       bool         `json:"toolsRunning"`
	ToolsVersionStatus string       `json:"toolsVersionStatus"`
	FullName           string       `json:"fullName"`
	Family             string       `json:"family"`
	DetailedData       string       `json:"detailedData"`
	HostName           string       `json:"hostName"`
	Addresses          [][]string   `json:"addresses"` // one list a network card
	Volumes            []VolumeSpec `json:"volumes"`
}

// VolumeSpec is a mounted file system of the guest.
type VolumeSpec struct {
	Path       string `json:"path"`
	Capacity   int64  `json:"capacity"`
	Free       int64  `json:"free"`
	Filesystem string `json:"filesystem"`
}

// ControllerSpec is a SCSI controller; Kind is lsilogic, lsilogic-sas, paravirtual or buslogic.
type ControllerSpec struct {
	Kind string `json:"kind"`
	Bus  int32  `json:"bus"`
}

// DiskSpec is a virtual disk with the file that holds it.
type DiskSpec struct {
	Bus       int32  `json:"bus"`
	Unit      int32  `json:"unit"`
	Capacity  int64  `json:"capacity"`
	UUID      string `json:"uuid"`
	Datastore string `json:"datastore"`
	Path      string `json:"path"`
}

// SnapshotSpec is a snapshot of a machine.
type SnapshotSpec struct {
	Name       string    `json:"name"`
	CreateTime time.Time `json:"createTime"`
}

func readScenario(path string) (*Scenario, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	scenario := new(Scenario)
	if err := decoder.Decode(scenario); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return scenario, nil
}

// Secrets are the users with their passwords and the token of the control endpoint. They come in a file because
// a command line can be read by every user of the machine.
type Secrets struct {
	Users map[string]string `json:"users"`
	Token string            `json:"token"`
}

func readSecrets(path string) (*Secrets, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secrets := new(Secrets)
	if err := json.Unmarshal(content, secrets); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(secrets.Users) == 0 || secrets.Token == "" {
		return nil, fmt.Errorf("%s: needs users and a token", path)
	}
	return secrets, nil
}
