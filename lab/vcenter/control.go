package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/vmware/govmomi/simulator"
)

const (
	controlPath = "/ctl/"
	tokenHeader = "X-Lab-Token"
)

// order is one request to the control endpoint; each command reads its own members.
type order struct {
	Kind       string          `json:"kind"`
	Name       string          `json:"name"`
	Path       string          `json:"path"`
	Value      json.RawMessage `json:"value"`
	Privileges []string        `json:"privileges"`
	User       string          `json:"user"`
	Delay      int             `json:"delay"`
	Methods    map[string]int  `json:"methods"`
	Tasks      map[string]int  `json:"tasks"`
	Reset      bool            `json:"reset"`
}

// control serves the lab's own commands to whoever has the token.
func (lab *Lab) control() http.Handler {
	mux := http.NewServeMux()
	command := func(name string, run func(order) (any, error)) {
		mux.HandleFunc("POST "+controlPath+name, func(w http.ResponseWriter, r *http.Request) {
			answer(w, r, run)
		})
	}
	command("set", func(o order) (any, error) { return nil, lab.set(o) })
	command("get", lab.get)
	command("event", func(o order) (any, error) { return nil, lab.tell(o) })
	command("conceal", func(o order) (any, error) { return nil, lab.conceal(o) })
	command("undo", func(order) (any, error) { lab.undo(); return nil, nil })
	command("expire", func(order) (any, error) { return map[string]int{"ended": lab.expireSessions()}, nil })
	command("clearfaults", func(order) (any, error) { lab.faults.clear(); return nil, nil })
	command("delay", func(o order) (any, error) { lab.setDelays(o); return nil, nil })
	command("missing", func(o order) (any, error) { return nil, lab.setMissing(o) })
	command("leavedeltas", func(o order) (any, error) { lab.keeper.leaveDeltas(o.Name); return nil, nil })
	command("stats", func(o order) (any, error) { return lab.record.stats(o.Reset), nil })
	mux.HandleFunc("POST "+controlPath+"fault", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(rule faultRule) (any, error) { return nil, lab.faults.add(&rule) })
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get(tokenHeader)), []byte(lab.secrets.Token)) != 1 {
			http.Error(w, "wrong or missing "+tokenHeader, http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// answer decodes the request, runs the command and writes its result or its error as JSON.
func answer[T any](w http.ResponseWriter, r *http.Request, run func(T) (any, error)) {
	var request T
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&request)
	var result any
	if err == nil {
		result, err = safely(run, request)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		result = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(result)
}

// safely turns a panic of the simulator's setter over a wrong value into an error.
func safely[T any](run func(T) (any, error), request T) (result any, err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("%v", trouble)
		}
	}()
	return run(request)
}

// setDelays sets the waits before calls (by SOAP method) and before tasks begin (by task name, e.g. PowerOff).
func (lab *Lab) setDelays(o order) {
	lab.delays.set(o.Delay, o.Methods)
	tasks := simulator.DelayConfig{}
	if len(o.Tasks) > 0 {
		// Without this a waiting task keeps its object locked, and nobody could read it meanwhile.
		tasks.MethodDelay = map[string]int{"LockHandoff": 0}
		for name, delay := range o.Tasks {
			tasks.MethodDelay[name] = delay
		}
	}
	simulator.TaskDelay = tasks
}
