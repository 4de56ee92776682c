// A worker and a client of Temporal's Go SDK. It takes the address of a server, does one of each thing
// that a workflow is used for, and prints what came of it as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const queue = "go"

// Order waits for approval, charges, ships by a child, and tells how far it is.
func Order(ctx workflow.Context, amount int) (string, error) {
	stage := "waiting"
	approved := false
	if err := workflow.SetQueryHandler(ctx, "stage", func() (string, error) { return stage, nil }); err != nil {
		return "", err
	}
	raise := func(ctx workflow.Context, by int) (int, error) {
		amount += by
		return amount, nil
	}
	check := func(by int) error {
		if by < 0 {
			return fmt.Errorf("an order does not get cheaper")
		}
		return nil
	}
	options := workflow.UpdateHandlerOptions{Validator: check}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, "raise", raise, options); err != nil {
		return "", err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, "approve").Receive(ctx, &approved)
	})
	if err := workflow.Await(ctx, func() bool { return approved }); err != nil {
		return "", err
	}
	if err := workflow.Sleep(ctx, 20*time.Millisecond); err != nil {
		return "", err
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 10 * time.Millisecond},
	})
	var receipt string
	if err := workflow.ExecuteActivity(ctx, Charge, amount).Get(ctx, &receipt); err != nil {
		return "", err
	}
	stage = "charged"
	var parcel string
	if err := workflow.ExecuteChildWorkflow(ctx, Ship, receipt).Get(ctx, &parcel); err != nil {
		return "", err
	}
	return parcel, nil
}

// Charge works at its second attempt.
func Charge(ctx context.Context, amount int) (string, error) {
	if activity.GetInfo(ctx).Attempt == 1 {
		return "", fmt.Errorf("the bank is busy")
	}
	return fmt.Sprintf("receipt for %d", amount), nil
}

func Ship(ctx workflow.Context, receipt string) (string, error) {
	return "shipped with " + receipt, workflow.Sleep(ctx, 10*time.Millisecond)
}

type seen struct {
	Before, Result, After string
	Raised                int
	Refusal               string
	Status                string
}

func use(c client.Client) (result seen, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "go-order", TaskQueue: queue}, Order, 40)
	if err != nil {
		return
	}
	if err = query(ctx, c, run, &result.Before); err != nil {
		return
	}
	if err = raise(ctx, c, run, 2, &result.Raised); err != nil {
		return
	}
	if refusal := raise(ctx, c, run, -1, new(int)); refusal != nil {
		result.Refusal = refusal.Error()
	}
	if err = c.SignalWorkflow(ctx, run.GetID(), "", "approve", true); err != nil {
		return
	}
	if err = run.Get(ctx, &result.Result); err != nil {
		return
	}
	if err = query(ctx, c, run, &result.After); err != nil {
		return
	}
	described, err := c.DescribeWorkflowExecution(ctx, run.GetID(), "")
	if err == nil {
		result.Status = described.WorkflowExecutionInfo.Status.String()
	}
	return
}

func query(ctx context.Context, c client.Client, run client.WorkflowRun, answer *string) error {
	value, err := c.QueryWorkflow(ctx, run.GetID(), "", "stage")
	if err != nil {
		return err
	}
	return value.Get(answer)
}

func raise(ctx context.Context, c client.Client, run client.WorkflowRun, by int, amount *int) error {
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   run.GetID(),
		UpdateName:   "raise",
		Args:         []any{by},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return update.Get(ctx, amount)
}

func main() {
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(message string, keyvals ...any) {
	fmt.Fprintln(os.Stderr, append([]any{message}, keyvals...)...)
}

var _ log.Logger = quiet{}

func serve(address string) error {
	c, err := client.Dial(client.Options{HostPort: address, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(Order)
	w.RegisterWorkflow(Ship)
	w.RegisterActivity(Charge)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	result, err := use(c)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
