package main

import (
	"fmt"
	"maps"
	"os"
	"sync"
	"time"
)

const (
	recordSlots = 16
	slotBytes   = 160
)

// callRecord counts the SOAP calls from outside by method, and keeps the latest in a file: some calls end the
// simulator in a panic, and whoever started it then wants to know which was the last.
type callRecord struct {
	mu     sync.Mutex
	file   *os.File
	number int64
	counts map[string]int64
}

func newCallRecord(path string) (*callRecord, error) {
	record := &callRecord{counts: map[string]int64{}}
	if path == "" {
		return record, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	record.file = file
	return record, nil
}

// begin notes a call before it is served.
func (r *callRecord) begin(c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[c.method]++
	r.number++
	if r.file == nil {
		return
	}
	line := fmt.Sprintf("%08d %s %s on %s:%s %s", r.number, time.Now().UTC().Format(time.RFC3339Nano), c.method, c.kind, c.moid, c.name)
	line = fmt.Sprintf("%-*.*s\n", slotBytes-1, slotBytes-1, line)
	_, _ = r.file.WriteAt([]byte(line), (r.number-1)%recordSlots*slotBytes)
}

// stats returns the calls by method since the start or the last reset.
func (r *callRecord) stats(reset bool) map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := maps.Clone(r.counts)
	if reset {
		clear(r.counts)
	}
	return result
}
