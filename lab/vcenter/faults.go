package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// When a rule strikes.
const (
	whenBefore = "before" // the call is refused with a SOAP fault
	whenTask   = "task"   // the call starts a task, which does nothing and ends with the fault
	whenAfter  = "after"  // the call is done and its answer is lost with the connection
	whenDrop   = "drop"   // the connection ends before anything is done
	whenStatus = "status" // an HTTP status instead of SOAP, nothing done
	whenSlow   = "slow"   // the call is served after a delay
)

// call is a SOAP call as a rule sees it.
type call struct {
	method, kind, moid, name, user string
}

// faultRule is a fault to inject. Empty matchers match everything; Count 0 strikes for ever.
type faultRule struct {
	Method  string          `json:"method"`
	Kind    string          `json:"kind"`
	Name    string          `json:"name"` // inventory name or reference value
	User    string          `json:"user"`
	When    string          `json:"when"`
	Fault   json.RawMessage `json:"fault"` // with _typeName; for before and task
	Status  int             `json:"status"`
	DelayMs int             `json:"delayMs"`
	Skip    int             `json:"skip"`
	Count   int             `json:"count"`

	fault   types.BaseMethodFault
	matched int
}

func (r *faultRule) matches(c call) bool {
	for _, pair := range [][2]string{{r.Method, c.method}, {r.Kind, c.kind}, {r.User, c.user}} {
		if pair[0] != "" && pair[0] != pair[1] {
			return false
		}
	}
	return r.Name == "" || r.Name == c.name || r.Name == c.moid
}

// prepare checks the rule and decodes its fault.
func (r *faultRule) prepare() error {
	switch r.When {
	case whenBefore, whenTask:
		if len(r.Fault) == 0 {
			r.fault = &types.SystemError{Reason: "injected by the lab"}
			return nil
		}
		if err := types.NewJSONDecoder(bytes.NewReader(r.Fault)).Decode(&r.fault); err != nil {
			return fmt.Errorf("fault: %w", err)
		}
	case whenAfter, whenDrop, whenSlow:
	case whenStatus:
		if r.Status < 400 || r.Status > 599 {
			return fmt.Errorf("status: %d is no error", r.Status)
		}
	default:
		return fmt.Errorf("when: unknown %q", r.When)
	}
	return nil
}

// faultRules are the rules in force; the first that matches strikes.
type faultRules struct {
	mu    sync.Mutex
	rules []*faultRule
}

func (f *faultRules) add(rule *faultRule) error {
	if err := rule.prepare(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, rule)
	return nil
}

func (f *faultRules) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// pick returns the rule that strikes the call now, counting it; nil for none.
func (f *faultRules) pick(when string, c call) *faultRule {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		if rule.When != when || !rule.matches(c) || (rule.Count > 0 && rule.matched >= rule.Skip+rule.Count) {
			continue
		}
		rule.matched++
		if rule.matched > rule.Skip {
			return rule
		}
	}
	return nil
}

// fault returns the fault that strikes the call now, after the rule's delay.
func (f *faultRules) fault(when string, c call) types.BaseMethodFault {
	rule := f.pick(when, c)
	if rule == nil {
		return nil
	}
	time.Sleep(time.Duration(rule.DelayMs) * time.Millisecond)
	return rule.fault
}

// call describes a decoded SOAP call.
func (lab *Lab) call(ctx *simulator.Context, method *simulator.Method) call {
	c := call{method: method.Name, kind: method.This.Type, moid: method.This.Value, name: nameOf(ctx.Map.Get(method.This))}
	if ctx.Session != nil {
		c.user = ctx.Session.UserName
	}
	return c
}

// delays are waits before calls are served and before tasks begin.
type delays struct {
	mu      sync.Mutex
	all     time.Duration
	methods map[string]time.Duration
}

func (d *delays) set(all int, methods map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all, d.methods = time.Duration(all)*time.Millisecond, map[string]time.Duration{}
	for method, delay := range methods {
		d.methods[method] = time.Duration(delay) * time.Millisecond
	}
}

func (d *delays) of(method string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all + d.methods[method]
}
