package diskdocktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// direct goes to the server and to no proxy.
var direct = &http.Client{Transport: &http.Transport{}}

// controls are the controls below one address: JSON in, JSON out.
type controls struct {
	base       string
	adminToken string
}

// ControlError is a control that was refused.
type ControlError struct {
	Status  int    `json:"-"`
	Message string `json:"error"`
	Hint    string `json:"hint"`
}

func (e *ControlError) Error() string {
	return fmt.Sprintf("%d: %s. %s", e.Status, e.Message, e.Hint)
}

func (c controls) ask(method, path string, body, reply any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, c.base+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/json")
	if c.adminToken != "" {
		request.Header.Set("x-diskdock-token", c.adminToken)
	}
	response, err := direct.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		refused := &ControlError{Status: response.StatusCode}
		if err := json.NewDecoder(response.Body).Decode(refused); err != nil {
			refused.Message = err.Error()
		}
		return refused
	}
	if reply == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(reply)
}
