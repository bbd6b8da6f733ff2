package diskdocktest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// server is one that was started here, or that DISKDOCK_ENDPOINT names.
type server struct {
	url      string
	controls controls
	// input ends with this process, and the server with its input.
	input io.Closer
}

func start() (*server, error) {
	if url := os.Getenv("DISKDOCK_ENDPOINT"); url != "" {
		return newServer(url, os.Getenv("DISKDOCK_ADMIN_TOKEN"), nil), nil
	}
	program := os.Getenv("DISKDOCK_BIN")
	if program == "" {
		program = "diskdock"
	}
	command := exec.Command(program, "serve", "--ephemeral", "--child", "--quiet", "--listen", "127.0.0.1:0")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("%s ended before it was ready: %w", program, command.Wait())
	}
	var said struct {
		Endpoint   string `json:"endpoint"`
		AdminToken string `json:"admin_token"`
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return nil, err
	}
	return newServer(said.Endpoint, said.AdminToken, input), nil
}

func newServer(url, adminToken string, input io.Closer) *server {
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	url = strings.TrimSuffix(url, "/")
	return &server{url, controls{url + "/_diskdock", adminToken}, input}
}

func (s *server) world(t testing.TB, from string) *World {
	t.Helper()
	var reply struct {
		Name            string `json:"name"`
		AccessKeyID     string `json:"access_key_id"`
		AccessKeySecret string `json:"access_key_secret"`
	}
	order := map[string]any{}
	if from != "" {
		order["from"] = from
	}
	if err := s.controls.ask("POST", "/worlds", order, &reply); err != nil {
		t.Fatalf("diskdock: no world: %v", err)
	}
	t.Cleanup(func() {
		if err := s.controls.ask("DELETE", "/worlds/"+reply.Name, nil, nil); err != nil {
			t.Errorf("diskdock: %s was not deleted: %v", reply.Name, err)
		}
	})
	return &World{
		Name:            reply.Name,
		URL:             s.url,
		Endpoint:        strings.SplitN(s.url, "://", 2)[1],
		AccessKeyID:     reply.AccessKeyID,
		AccessKeySecret: reply.AccessKeySecret,
		t:               t,
		server:          s,
		controls:        controls{s.controls.base + "/worlds/" + reply.Name, s.controls.adminToken},
	}
}
