package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// soapCall finds method and object in a request; reading it here costs less than decoding it twice.
var soapCall = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)[^>]*>\s*<(?:\w+:)?_this([^>]*)>([^<]*)<`)
var soapType = regexp.MustCompile(`\btype="([^"]*)"`)

// front stands before the simulator's HTTP handler: control endpoint, record of calls, delays and lost answers.
func (lab *Lab) front(next http.Handler) http.Handler {
	control := lab.control()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, controlPath):
			control.ServeHTTP(w, r)
		case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/sdk"):
			lab.serveCall(next, w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (lab *Lab) serveCall(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := lab.parse(body)
	c.user = lab.userOf(r)
	lab.record.begin(c)
	time.Sleep(lab.delays.of(c.method))
	if rule := lab.faults.pick(whenSlow, c); rule != nil {
		time.Sleep(time.Duration(rule.DelayMs) * time.Millisecond)
	}
	if lab.faults.pick(whenDrop, c) != nil {
		panic(http.ErrAbortHandler)
	}
	if rule := lab.faults.pick(whenStatus, c); rule != nil {
		http.Error(w, http.StatusText(rule.Status), rule.Status)
		return
	}
	if lab.faults.pick(whenAfter, c) != nil {
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	if c.user != "" && strings.HasPrefix(c.method, "WaitForUpdates") {
		lab.serveWait(next, w, r, c)
		return
	}
	next.ServeHTTP(w, r)
}

// serveWait serves a call that may wait long, and whose session may end meanwhile.
func (lab *Lab) serveWait(next http.Handler, w http.ResponseWriter, r *http.Request, c call) {
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, r)
	if lab.userOf(r) == "" {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, notAuthenticated, c.kind, c.moid)
		return
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

// notAuthenticated is the answer to a call whose session has ended; its object's type and value are filled in.
const notAuthenticated = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>The session is not authenticated.</faultstring>
<detail><NotAuthenticatedFault xmlns="urn:vim25" xsi:type="NotAuthenticated"><object type="%s">%s</object>
<privilegeId>System.View</privilegeId></NotAuthenticatedFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`

func (lab *Lab) parse(body []byte) call {
	found := soapCall.FindSubmatch(body)
	if found == nil {
		return call{method: "unknown"}
	}
	c := call{method: string(found[1]), moid: string(found[3])}
	if kind := soapType.FindSubmatch(found[2]); kind != nil {
		c.kind = string(kind[1])
	}
	c.name = nameOf(lab.registry().Get(types.ManagedObjectReference{Type: c.kind, Value: c.moid}))
	return c
}

// userOf returns the user of the request's session, empty without one.
func (lab *Lab) userOf(r *http.Request) string {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return ""
	}
	for _, session := range lab.sessions() {
		if session.Key == strings.Trim(cookie.Value, `"`) {
			return session.UserName
		}
	}
	return ""
}

// sessions returns the open sessions.
func (lab *Lab) sessions() []types.UserSession {
	asker := &simulator.Session{Registry: simulator.NewRegistry(), Map: lab.registry()}
	manager, ok := asker.Get(*lab.model.ServiceContent.SessionManager).(*simulator.SessionManager)
	if !ok {
		return nil
	}
	return manager.SessionList
}

// expireSessions ends every session, as a vCenter does with idle ones.
func (lab *Lab) expireSessions() int {
	ctx := lab.context()
	ended := 0
	for _, session := range lab.sessions() {
		request := &types.TerminateSession{SessionId: []string{session.Key}}
		if lab.registry().SessionManager().TerminateSession(ctx, request).Fault() == nil {
			lab.overlays.end(session.Key)
			ended++
		}
	}
	return ended
}
