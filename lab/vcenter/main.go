// Command vcsim is the lab's vCenter: govmomi's simulator with a scenario, users, faults and a control endpoint.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

type options struct {
	listen, cert, key, scenario, secrets, record, ready string
	sessionTimeout, toolsDelay                          time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on; port 0: any free one")
	flag.StringVar(&o.cert, "cert", "", "certificate chain, PEM")
	flag.StringVar(&o.key, "key", "", "private key, PEM")
	flag.StringVar(&o.scenario, "scenario", "", "inventory, JSON")
	flag.StringVar(&o.secrets, "secrets", "", `users and control token, JSON: {"users": {name: password}, "token": …}`)
	flag.StringVar(&o.record, "record", "", "file for the latest SOAP calls")
	flag.StringVar(&o.ready, "ready", "", "file to write the port to when calls are served, JSON")
	flag.DurationVar(&o.sessionTimeout, "session-timeout", 0, "idle time after which a session ends; 0: never")
	flag.DurationVar(&o.toolsDelay, "tools-delay", time.Second, "time from power-on until VMware Tools report")
	flag.Parse()
	if err := serve(o); err != nil {
		log.Fatal(err)
	}
}

func serve(o options) error {
	// From here on a signal is kept until the temporary files that it must remove are known.
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	scenario, err := readScenario(o.scenario)
	if err != nil {
		return err
	}
	secrets, err := readSecrets(o.secrets)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return err
	}
	record, err := newCallRecord(o.record)
	if err != nil {
		return err
	}
	lab, err := newLab(scenario, secrets, record, o.toolsDelay)
	if err != nil {
		return err
	}
	defer lab.remove()
	if err := lab.build(context.Background()); err != nil {
		return err
	}
	lab.install()
	server := lab.listen(o, pair)
	if err := announce(o.ready, server.URL); err != nil {
		return err
	}
	<-stop
	return nil // not server.Close: it waits for calls that may wait for ever
}

// listen starts serving.
func (lab *Lab) listen(o options, pair tls.Certificate) *simulator.Server {
	service := lab.model.Service
	// With the default user every password is right; with any other the simulator asks ValidLogin.
	service.Listen = &url.URL{Host: o.listen, User: url.UserPassword("lab", secretsUnused)}
	service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if o.sessionTimeout > 0 {
		lab.registry().OptionManager().UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
			&types.OptionValue{Key: "config.vmacore.soap.sessionTimeout", Value: o.sessionTimeout.String()},
		}})
	}
	server := service.NewServer()
	server.Config.Handler = lab.front(server.Config.Handler)
	return server
}

// secretsUnused fills the listener's user, which nobody can log in as.
const secretsUnused = "-"

// announce says where the server listens: on standard output, and in the file if one is wanted.
func announce(file string, address *url.URL) error {
	fmt.Printf("ready https://%s%s\n", address.Host, address.Path)
	if file == "" {
		return nil
	}
	content, err := json.Marshal(map[string]string{"host": address.Hostname(), "port": address.Port()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".part", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}
