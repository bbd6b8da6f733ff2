package diskdocktest

import (
	"testing"
	"time"
)

// World is a world of its own for a test. Its methods fail the test if the server refuses what they ask.
type World struct {
	Name string
	// URL is such as http://127.0.0.1:5260.
	URL string
	// Endpoint is such as 127.0.0.1:5260, as SDKs take it. It speaks plain HTTP.
	Endpoint        string
	AccessKeyID     string
	AccessKeySecret string

	t        testing.TB
	server   *server
	controls controls
}

// Do is what a fault or a rule does.
type Do string

// Effects of a fault on a call.
const (
	Answer    Do = "answer" // with Code
	Throttle  Do = "throttle"
	DropReply Do = "drop_reply"
	Twice     Do = "twice"
	Slow      Do = "slow" // by For
)

// Effects of a rule on a transition.
const (
	Hold   Do = "hold"
	Refuse Do = "refuse"
	Never  Do = "never"
	Take   Do = "take" // as long as For
)

// Fault is a fault of the API.
type Fault struct {
	// Action is the action, or all if it is empty.
	Action string
	// Skip is how many calls are skipped first.
	Skip int
	// Times is how many calls have the fault then; all if it is 0.
	Times int
	Do    Do
	Code  string
	For   time.Duration
}

// Rule sets the outcome or the duration of transitions; an empty field does not restrict.
type Rule struct {
	// Transition is create, attach, detach, resize, modify, snapshot, start, stop or reboot.
	Transition string
	Disk       string
	Instance   string
	Times      int
	Do         Do
	For        time.Duration
}

// Selection chooses operations in flight; all if it is empty.
type Selection struct {
	Disk     string `json:"disk,omitempty"`
	Instance string `json:"instance,omitempty"`
}

type behaviour struct {
	Do           Do     `json:"do"`
	Code         string `json:"code,omitempty"`
	Milliseconds *int64 `json:"milliseconds,omitempty"`
}

func behaviourOf(do Do, code string, takes time.Duration) behaviour {
	found := behaviour{Do: do, Code: code}
	if do == Take || do == Slow {
		milliseconds := takes.Milliseconds()
		found.Milliseconds = &milliseconds
	}
	return found
}

// AddFault adds a fault.
func (w *World) AddFault(fault Fault) {
	w.t.Helper()
	body := map[string]any{"skip": fault.Skip, "fault": behaviourOf(fault.Do, fault.Code, fault.For)}
	setUnlessZero(body, "action", fault.Action)
	setUnlessZero(body, "times", fault.Times)
	w.must("POST", "/faults", body, nil)
}

// ClearFaults removes all faults.
func (w *World) ClearFaults() {
	w.t.Helper()
	w.must("DELETE", "/faults", nil, nil)
}

// AddRule adds a rule behind the others.
func (w *World) AddRule(rule Rule) {
	w.t.Helper()
	body := map[string]any{"behaviour": behaviourOf(rule.Do, "", rule.For)}
	setUnlessZero(body, "transition", rule.Transition)
	setUnlessZero(body, "disk", rule.Disk)
	setUnlessZero(body, "instance", rule.Instance)
	setUnlessZero(body, "times", rule.Times)
	w.must("POST", "/rules", body, nil)
}

// ClearRules removes all rules.
func (w *World) ClearRules() {
	w.t.Helper()
	w.must("DELETE", "/rules", nil, nil)
}

// Finish lets operations in flight succeed.
func (w *World) Finish(chosen Selection) {
	w.t.Helper()
	w.must("POST", "/transitions/finish", chosen, nil)
}

// Refuse lets operations in flight fail, as if the guest refused.
func (w *World) Refuse(chosen Selection) {
	w.t.Helper()
	w.must("POST", "/transitions/refuse", chosen, nil)
}

// Step has operations in flight tried again now.
func (w *World) Step(chosen Selection) {
	w.t.Helper()
	w.must("POST", "/transitions/step", chosen, nil)
}

// HoldClock stops the clock; ReleaseClock lets it run on.
func (w *World) HoldClock() {
	w.t.Helper()
	w.must("POST", "/clock/hold", struct{}{}, nil)
}

// ReleaseClock lets the clock run on from where it stopped.
func (w *World) ReleaseClock() {
	w.t.Helper()
	w.must("POST", "/clock/release", struct{}{}, nil)
}

// AdvanceClock moves the clock forward, and with it every deadline.
func (w *World) AdvanceClock(by time.Duration) {
	w.t.Helper()
	w.must("POST", "/clock/advance", map[string]int64{"milliseconds": by.Milliseconds()}, nil)
}

// Now is the time on the clock of this world.
func (w *World) Now() time.Time {
	w.t.Helper()
	var clock struct {
		NowMS int64 `json:"now_ms"`
	}
	w.must("GET", "/clock", nil, &clock)
	return time.UnixMilli(clock.NowMS)
}

// Pause pauses the machine of an instance until it is resumed.
func (w *World) Pause(instance string) {
	w.t.Helper()
	w.must("POST", "/instances/"+instance+"/pause", struct{}{}, nil)
}

// Resume resumes a paused machine.
func (w *World) Resume(instance string) {
	w.t.Helper()
	w.must("POST", "/instances/"+instance+"/resume", struct{}{}, nil)
}

// Kill kills the machine of an instance, as when its process crashes.
func (w *World) Kill(instance string) {
	w.t.Helper()
	w.must("POST", "/instances/"+instance+"/kill", struct{}{}, nil)
}

// SetPace sets how long transitions take: fast, cloud, or a duration such as 2s.
func (w *World) SetPace(pace string) {
	w.t.Helper()
	w.must("PUT", "/pace", map[string]string{"pace": pace}, nil)
}

// Fork makes a copy of this world with all that is under way in it, for the same test.
func (w *World) Fork() *World {
	w.t.Helper()
	return w.server.world(w.t, w.Name)
}

func (w *World) must(method, path string, body, reply any) {
	w.t.Helper()
	if err := w.controls.ask(method, path, body, reply); err != nil {
		w.t.Fatalf("diskdock: %s %s: %v", method, path, err)
	}
}

func setUnlessZero[T comparable](body map[string]any, name string, value T) {
	var zero T
	if value != zero {
		body[name] = value
	}
}
