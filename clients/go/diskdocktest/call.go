package diskdocktest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
)

const ecsVersion = "2014-05-26"

// APIError is a call that the API refused.
type APIError struct {
	Status    int
	Code      string
	Message   string
	RequestID string `json:"RequestId"`
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

// Call calls an action, for tests that need no SDK; reply may be nil. RegionId is cn-hangzhou unless given.
// A refused call is an *APIError.
func (w *World) Call(action string, parameters map[string]string, reply any) error {
	response, err := direct.Post(w.URL, "application/x-www-form-urlencoded", strings.NewReader(w.sign(action, parameters)))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode >= http.StatusBadRequest {
		refused := &APIError{Status: response.StatusCode}
		if err := decoder.Decode(refused); err != nil {
			return err
		}
		return refused
	}
	if reply == nil {
		return nil
	}
	return decoder.Decode(reply)
}

// DiskStatus is the status that DescribeDisks shows; empty if there is no such disk.
func (w *World) DiskStatus(disk string) string {
	w.t.Helper()
	var reply struct {
		Disks struct{ Disk []struct{ Status string } }
	}
	if err := w.Call("DescribeDisks", map[string]string{"DiskIds": `["` + disk + `"]`}, &reply); err != nil {
		w.t.Fatalf("diskdock: %v", err)
	}
	if len(reply.Disks.Disk) == 0 {
		return ""
	}
	return reply.Disks.Disk[0].Status
}

// WaitFor waits up to ten seconds until the disk has this status.
func (w *World) WaitFor(disk, status string) {
	w.t.Helper()
	giveUpAt := time.Now().Add(10 * time.Second)
	for seen := w.DiskStatus(disk); seen != status; seen = w.DiskStatus(disk) {
		if time.Now().After(giveUpAt) {
			w.t.Fatalf("diskdock: %s is %q, not %s", disk, seen, status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// sign is the body of a request, signed with version 1.0.
func (w *World) sign(action string, parameters map[string]string) string {
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		panic(err)
	}
	pairs := map[string]string{
		"Action":           action,
		"Version":          ecsVersion,
		"Format":           "JSON",
		"RegionId":         "cn-hangzhou",
		"AccessKeyId":      w.AccessKeyID,
		"SignatureMethod":  "HMAC-SHA1",
		"SignatureVersion": "1.0",
		"SignatureNonce":   hex.EncodeToString(nonce),
		"Timestamp":        time.Now().UTC().Format("2006-01-02T15:04:05Z"),
	}
	for name, value := range parameters {
		pairs[name] = value
	}
	fields := make([]string, 0, len(pairs))
	for name, value := range pairs {
		fields = append(fields, encode(name)+"="+encode(value))
	}
	sort.Strings(fields)
	query := strings.Join(fields, "&")
	mac := hmac.New(sha1.New, []byte(w.AccessKeySecret+"&"))
	mac.Write([]byte("POST&" + encode("/") + "&" + encode(query)))
	return query + "&Signature=" + encode(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func encode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
