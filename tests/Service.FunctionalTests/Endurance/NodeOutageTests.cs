using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Endurance;

/// <summary>
/// Two nodes with one PostgreSQL database and more jobs than they can run, killed in turn with kill -9. Measures how long the worker of the
/// other node waits for its next job, and how long a restarted node needs until it answers and runs jobs.
/// </summary>
[Collection(Outages.Name)]
public sealed class NodeOutageTests
{
    private const int Feeders = 3;
    private static readonly int Kills = Endurance.Choose(3, 16);

    /// <summary>How long a node stays away: longer than the pause of the other node's worker may be.</summary>
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(16);

    /// <summary>A job's length, and the pause of a feeder: three feeders keep two workers busy.</summary>
    private static readonly TimeSpan Job = TimeSpan.FromMilliseconds(Endurance.Choose(900, 300));

    [Fact]
    public Task Other_nodes_work_on_after_a_kill_and_a_node_that_comes_back_is_used_at_once() =>
        RunAsync(KillAsync, static first => first.StartAnotherAsync());

    [Fact]
    public Task Other_nodes_work_on_without_a_node_that_does_not_answer() =>
        RunAsync(StopAsync, LocalService.StartBesideAsync);

    private static async Task RunAsync<TSecond>(Func<Node[], Task> trial, Func<ServiceProcess, Task<TSecond>> start)
        where TSecond : TestedService
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        string length = string.Create(CultureInfo.InvariantCulture, $"stub_seconds={Job.TotalSeconds}");
        await using var first = await ServiceProcess.StartAsync(
            environment, "--set", length, "--set", "workers=cpu", "--set", "lease_seconds=10", "--set", "max_queued_per_token=100000",
            "--set", "submits_per_minute=1000000", "--set", "requests_per_minute=10000000");
        using var client = first.CreateClient(TokenScopes.All);
        await using var second = await start(first);
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        Node[] nodes = [new(first, client), new(second, other)];
        using var over = new CancellationTokenSource();
        var feeding = Task.WhenAll(Enumerable.Range(0, Feeders).Select(number => FeedAsync(nodes, number, over.Token)));
        await nodes[0].NextJobAsync(120);
        await nodes[1].NextJobAsync(120);
        await trial(nodes);
        await over.CancelAsync();
        await feeding;
    }

    /// <summary>SIGSTOP: like a machine without power, the node keeps its connections open and sends nothing.</summary>
    private static async Task StopAsync(Node[] nodes)
    {
        using (var stop = Process.Start("kill", ["-STOP", nodes[0].Process.ProcessId.ToString(CultureInfo.InvariantCulture)]))
            await stop.WaitForExitAsync();
        long stopped = Stopwatch.GetTimestamp();
        for (int jobs = nodes[1].Jobs; nodes[1].LongestPauseSince(stopped) < 5 || nodes[1].Jobs < jobs + 10; await Task.Delay(100))
            Stopwatch.GetElapsedTime(stopped).TotalSeconds.ShouldBeLessThan(120, nodes[1].Service.Log);
        double pause = nodes[1].LongestPauseSince(stopped);
        Endurance.Say($"outages: the worker of the other node waited for {pause:F1} s after a node had stopped to answer");
        pause.ShouldBeLessThan(Endurance.Choose(60, 25));
    }

    private static async Task KillAsync(Node[] nodes)
    {
        List<double> pauses = [], starts = [], answers = [], works = [];
        for (int kill = 0; kill < Kills; kill++)
        {
            var (lost, left) = (nodes[kill % 2], nodes[(kill + 1) % 2]);
            await lost.Process.KillAsync();
            long killed = Stopwatch.GetTimestamp();
            // A node may also come back before the others have noticed that it was away.
            await Task.Delay(kill % 4 < 2 ? Watched : TimeSpan.Zero);
            long started = Stopwatch.GetTimestamp();
            await lost.Process.StartAgainAsync();
            starts.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            started = Stopwatch.GetTimestamp();
            await lost.AnswersAsync();
            answers.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            await lost.NextJobAsync(120);
            works.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            pauses.Add(left.LongestPauseSince(killed));
        }
        Endurance.Say($"outages: {Kills} kills; the worker of the other node waited for {Describe(pauses)}; "
            + $"a node that came back was ready after {Describe(starts)}, "
            + $"answered {Describe(answers)} later and its worker began a job {Describe(works)} later");
        pauses.Max().ShouldBeLessThan(Endurance.Choose(15, 5), "the worker of the other node idles");
        answers.Max().ShouldBeLessThan(Endurance.Choose(15, 5), "a node that is ready does not answer");
        works.Max().ShouldBeLessThan(Endurance.Choose(60, 20), "a node that came back gets no jobs");
    }

    private static string Describe(List<double> seconds) => $"{Endurance.Percentile(seconds, 0.5):F1} s (median) to {seconds.Max():F1} s";

    private static async Task FeedAsync(Node[] nodes, int number, CancellationToken cancellationToken)
    {
        for (int turn = number; !cancellationToken.IsCancellationRequested; turn++)
        {
            await nodes[turn % 2].TrySubmitAsync();
            await Task.Delay(Job, CancellationToken.None);
        }
    }

    /// <summary>A node, and when its worker began its jobs.</summary>
    private sealed class Node
    {
        private readonly TokenClient client;
        private readonly ConcurrentQueue<long> begun = new();

        public Node(TestedService service, TokenClient client)
        {
            (Service, this.client) = (service, client);
            service.Printed += line =>
            {
                if (line.Contains(" begins, attempt ", StringComparison.Ordinal))
                    begun.Enqueue(Stopwatch.GetTimestamp());
            };
        }

        public TestedService Service { get; }

        public ServiceProcess Process => (ServiceProcess)Service;

        /// <summary>How many jobs its worker has begun.</summary>
        public int Jobs => begun.Count;

        public async Task TrySubmitAsync()
        {
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                using var answer = await client.Http.PostAsync(
                    "/v1/jobs", TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond), patience.Token);
                answer.StatusCode.ShouldBeOneOf(HttpStatusCode.Accepted, HttpStatusCode.ServiceUnavailable);
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                // The node was killed before or during the request.
            }
        }

        /// <summary>Waits until the worker begins another job.</summary>
        public async Task NextJobAsync(double seconds)
        {
            int before = begun.Count;
            for (var clock = Stopwatch.StartNew(); begun.Count == before; await Task.Delay(20))
                clock.Elapsed.TotalSeconds.ShouldBeLessThan(seconds, Service.Log);
        }

        /// <summary>Waits until a request to this node is answered.</summary>
        public async Task AnswersAsync()
        {
            for (var clock = Stopwatch.StartNew(); ; await Task.Delay(20))
            {
                using var answer = await client.Http.GetAsync("/v1/jobs?limit=1");
                if (answer.IsSuccessStatusCode)
                    return;
                clock.Elapsed.TotalSeconds.ShouldBeLessThan(120, Service.Log);
            }
        }

        public double LongestPauseSince(long from)
        {
            double longest = 0;
            foreach (long begun in begun.Append(Stopwatch.GetTimestamp()).Where(begun => begun > from))
            {
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(from, begun).TotalSeconds);
                from = begun;
            }
            return longest;
        }
    }
}
