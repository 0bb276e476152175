using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>A service that is asked to stop answers reads until its workers have ended.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task During_a_drain_reads_are_answered_new_jobs_are_refused_and_a_short_one_finishes()
    {
        await using var service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=2", "--set", "drain_seconds=60", "--set", "workers=cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string finished = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.EndAsync(finished);
        string running = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var worker = await HeldWorker.HoldRunningAsync(client, running);
        using var events = await client.Http.GetAsync($"/v1/jobs/{running}/events", HttpCompletionOption.ResponseHeadersRead);

        await service.AskToStopAsync();
        await UntilDrainingAsync(client);
        using (var refused = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            refused.Headers.RetryAfter.ShouldNotBeNull();
            var problem = await TokenClient.ReadAsync(refused);
            problem.GetProperty("code").GetString().ShouldBe("draining");
            problem.GetProperty("retryable").GetBoolean().ShouldBeTrue();
        }
        (await client.GetJsonAsync($"/v1/jobs/{running}")).GetProperty("status").GetString().ShouldBe("running");
        (await client.Http.GetAsync($"/v1/jobs/{finished}/video")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await worker.ContinueAsync();
        (await events.Content.ReadAsStringAsync()).ShouldContain("event: ended", customMessage: "the stream lasts until the job has ended");
        (await service.ExitAsync()).ShouldBe(0);
        foreach (string? phase in new[] { "asked to stop", "the workers have ended", "stopped" })
            service.Log.ShouldContain(phase);
        service.Log.Split('\n').ShouldNotContain(line => line.Contains("warn: ") && line.Contains("loading the open jobs"));
        await using var next = await LocalService.TakeOverAsync(service, "--set", "workers=none");
        var done = await client.GetJsonAsync($"/v1/jobs/{running}");
        done.GetProperty("status").GetString().ShouldBe("succeeded");
        done.GetProperty("attempt").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Two_nodes_are_updated_one_after_the_other_without_a_failed_poll()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await ServiceProcess.StartAsync(
            environment, "--set", "stub_seconds=0.5", "--set", "workers=cpu", "--set", "notice_seconds=3",
            "--set", "submits_per_minute=100000", "--set", "requests_per_minute=1000000");
        using var client = first.CreateClient(TokenScopes.All);
        await using var second = await first.StartAnotherAsync();
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        using var over = new CancellationTokenSource();
        var balancer = new Balancer([client, other]);
        var jobs = new ConcurrentBag<string>();
        var failed = new ConcurrentQueue<string>();
        var looking = balancer.LookAsync(over.Token);
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => LoadAsync(balancer, jobs, failed, over.Token)));

        await Task.Delay(2000);
        (await first.TerminateAsync()).ShouldBe(0);
        await using var firstUpdated = await LocalService.TakeOverAsync(first);
        await Task.Delay(2000);
        (await second.TerminateAsync()).ShouldBe(0);
        await using var secondUpdated = await LocalService.TakeOverAsync(second);
        await Task.Delay(2000);
        await over.CancelAsync();
        await load;
        await looking;
        failed.ShouldBeEmpty();
        jobs.Count.ShouldBeGreaterThan(10);
        foreach (string id in jobs)
            (await client.EndAsync(id, 90)).GetProperty("status").GetString().ShouldBe("succeeded");
    }

    private static async Task UntilDrainingAsync(TokenClient client)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(60); await Task.Delay(20))
        {
            using var ready = await client.Http.GetAsync("/readyz");
            if (ready.StatusCode is HttpStatusCode.ServiceUnavailable
                && (await ready.Content.ReadAsStringAsync()).Contains("draining", StringComparison.Ordinal))
            {
                return;
            }
        }
        throw new TimeoutException("the service does not say that it drains");
    }

    /// <summary>
    /// Submits a job and polls it until it ends. A refused submission is repeated after its Retry-After; every poll must succeed.
    /// </summary>
    private static async Task LoadAsync(
        Balancer balancer, ConcurrentBag<string> jobs, ConcurrentQueue<string> failed, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            using var submitted = await balancer.SendAsync(
                static node => node.UploadAsync(Samples.Picture, Samples.VoiceOfASecond));
            if (submitted.StatusCode is HttpStatusCode.ServiceUnavailable && submitted.Headers.RetryAfter is not null)
                continue;
            submitted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            string id = (await TokenClient.ReadAsync(submitted)).GetProperty("id").GetString()!;
            jobs.Add(id);
            for (int poll = 0; poll < 10; poll++, await Task.Delay(100, CancellationToken.None))
            {
                try
                {
                    using var answer = await balancer.SendAsync(
                        node => node.Http.GetAsync($"/v1/jobs/{id}", CancellationToken.None));
                    if (!answer.IsSuccessStatusCode)
                        failed.Enqueue($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
                }
                catch (HttpRequestException exception)
                {
                    failed.Enqueue(exception.Message);
                }
            }
        }
    }

    /// <summary>
    /// A load balancer: it polls every node's readiness and sends requests to ready nodes. If none is ready, it prefers a node that accepts
    /// connections.
    /// </summary>
    private sealed class Balancer(TokenClient[] nodes)
    {
        private enum State { Ready, Unready, Gone }

        private readonly State[] states = [.. nodes.Select(_ => State.Ready)];
        private int next;

        public Task LookAsync(CancellationToken cancellationToken) =>
            Task.WhenAll(Enumerable.Range(0, nodes.Length).Select(node => LookAsync(node, cancellationToken)));

        /// <summary>Sends a request to a node. Where the connection is refused, nothing was sent, and another node gets it.</summary>
        public async Task<HttpResponseMessage> SendAsync(Func<TokenClient, Task<HttpResponseMessage>> send)
        {
            for (int tries = 1; ; tries++)
            {
                int node = Next();
                try
                {
                    return await send(nodes[node]);
                }
                catch (HttpRequestException failure)
                    when (failure.HttpRequestError is HttpRequestError.ConnectionError && tries < nodes.Length)
                {
                    states[node] = State.Gone;
                }
            }
        }

        private int Next()
        {
            int first = Interlocked.Increment(ref next) & int.MaxValue;
            return Enumerable.Range(first % nodes.Length, nodes.Length).Select(node => node % nodes.Length).MinBy(node => states[node]);
        }

        /// <summary>Polls one node; there is one loop per node, so that a late answer delays the state of that node only.</summary>
        private async Task LookAsync(int node, CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                states[node] = await LookAtAsync(nodes[node]);
                await Task.Delay(200, CancellationToken.None);
            }
        }

        private static async Task<State> LookAtAsync(TokenClient node)
        {
            try
            {
                using var answer = await node.Http.GetAsync("/readyz");
                return answer.IsSuccessStatusCode ? State.Ready : State.Unready;
            }
            catch (HttpRequestException)
            {
                return State.Gone;
            }
        }
    }
}
