using System.ComponentModel;
using System.Globalization;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Microsoft.AspNetCore.Mvc;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints of the options, the workers and the session.</summary>
internal static class ServiceEndpoints
{
    public static void Map(RouteGroupBuilder v1)
    {
        var service = v1.MapGroup("").WithTags("Service");
        service.MapGet(
            "/options",
            (ModelCatalog catalog, ServeSettings settings) => Results.Json(OptionsView.Create(catalog, settings), Problems.Json))
            .Needs(TokenScopes.Read).Produces<OptionsView>().ProducesProblems(401).WithName("getOptions")
            .WithSummary("Models with their presets, sizes and fields, and the limits of inputs");
        service.MapGet("/demand", DemandAsync).Needs(TokenScopes.Operate).Produces<QueueDemand>().ProducesProblems(400, 401, 403)
            .WithName("getDemand").WithSummary("The work for a kind of worker, for a scaler")
            .WithDescription(
                "Counts the waiting and running jobs that a worker with these models and this memory could run, and the workers that " +
                "offer at least as much. Without models and memory it counts all.");
        service.MapGet("/workers", WorkersAsync).Needs(TokenScopes.Operate).Produces<WorkersView>().ProducesProblems(401, 403)
            .WithName("getWorkers").WithSummary("Workers and the queue");
        service.MapGet(
            "/webhooks/secret", (HttpContext context) => Results.Json(new SecretView(context.Caller().WebhookSecret), Problems.Json))
            .Needs(TokenScopes.Submit).Produces<SecretView>().ProducesProblems(401).WithName("getWebhookSecret")
            .WithSummary("The key that signs the webhooks of this token");
        service.MapGet(
            "/session",
            (
                HttpContext context, TokenReader reader,
                ServeSettings settings) => Results.Json(Session(context, reader, settings), Problems.Json))
            .Produces<SessionView>().WithName("getSession").WithSummary("Whether the caller is signed in");
        service.MapPost("/session", SignIn).Produces<SessionView>().ProducesProblems(401).WithName("signIn")
            .WithSummary("Sign a browser in with a token").WithDescription("The answer sets a cookie that scripts cannot read.");
        service.MapDelete("/session", (HttpContext context, TokenReader reader, ServeSettings settings) =>
        {
            if (SameSite.Allows(context.Request, settings.PublicUrl))
                reader.SignOut(context.Request);
            context.Response.Cookies.Delete(TokenReader.Cookie);
            return Results.NoContent();
        }).Produces(204).WithName("signOut").WithSummary("Sign a browser out");
    }

    private static async Task<IResult> WorkersAsync(IGrainFactory grains)
    {
        var queue = grains.GetGrain<IQueueGrain>(IQueueGrain.Key);
        var statistics = await queue.StatisticsAsync();
        var workers = await queue.WorkersAsync();
        return Results.Json(new WorkersView(
            workers.Select(worker => new WorkerView(
                worker.Id, worker.Host, worker.Process, worker.Device, worker.Model, worker.State, worker.Job, worker.StartedAt,
                worker.SeenAt, worker.Finished, worker.Failed, worker.Reason, worker.Offer?.Models, worker.Offer?.MemoryGiB))
                .ToArray(),
            statistics.Queued, statistics.Fetching, statistics.Running, statistics.TypicalSeconds, statistics.OldestSeconds),
            Problems.Json);
    }

    private static async Task<IResult> DemandAsync(
        IGrainFactory grains,
        [FromQuery, Description("Models of the worker, separated by commas. Default: all.")] string? models = null,
        [FromQuery(Name = "memory_gib"), Description("Memory of its device in GiB. Default: any.")] string? memory = null)
    {
        double gib = 0;
        if (memory is not null && (!double.TryParse(memory, NumberStyles.Float, CultureInfo.InvariantCulture, out gib) || !(gib > 0)))
            throw new ProblemException(400, JobError.InvalidRequest, $"memory_gib: expected a number above 0, found '{memory}'");
        var offer = new WorkerOffer(models?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), gib);
        return Results.Json(await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).DemandAsync(offer), Problems.Json);
    }

    private static SessionView Session(HttpContext context, TokenReader reader, ServeSettings settings) =>
        settings.NoAuth ? SessionView.Create("none", TokenScopes.All, "local") : reader.Read(context.Request) is { } token
            ? SessionView.Create("token", token.Scopes, token.Name)
            : new SessionView("token", false, [], null);

    private static IResult SignIn(SignInBody body, HttpContext context, TokenReader reader, ServeSettings settings)
    {
        if (!SameSite.Allows(context.Request, settings.PublicUrl))
        {
            throw new ProblemException(
                403, "forbidden_origin",
                $"the page is at {context.Request.Headers.Origin}, and this service at " +
                $"{settings.PublicUrl ?? context.Request.Host.Value}; behind a proxy, set public_url to the page's address");
        }

        if (reader.Authenticate(body.Key ?? "", body.Secret ?? "") is not { } token)
            throw new ProblemException(401, "invalid_credentials", "this key and secret are not valid here");
        context.Response.Cookies.Append(TokenReader.Cookie, reader.SignIn(token), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps,
            MaxAge = SessionStore.Lifetime,
            IsEssential = true,
        });
        return Results.Json(SessionView.Create("token", token.Scopes, token.Name), Problems.Json);
    }
}

/// <summary>A key id and its secret.</summary>
internal sealed record SignInBody(string? Key, string? Secret);

/// <summary>The session of the caller.</summary>
/// <param name="Auth">Either none or token.</param>
internal sealed record SessionView(string Auth, bool SignedIn, string[] Scopes, string? Name)
{
    public static SessionView Create(string auth, TokenScopes scopes, string name) => new(
        auth, true,
        Enum.GetValues<TokenScopes>().Where(scope => scope is not (TokenScopes.None or TokenScopes.All) && scopes.HasFlag(scope))
            .Select(scope => scope.ToString().ToLowerInvariant()).ToArray(),
        name);
}

/// <summary>The key that signs webhooks.</summary>
internal sealed record SecretView(string Secret);

/// <summary>A worker as the API shows it.</summary>
/// <param name="Models">The models that it can run; null for any.</param>
/// <param name="MemoryGib">The memory of its device in GiB; 0 when unknown.</param>
internal sealed record WorkerView(
    string Id, string Host, int Process, string Device, string Model, string State, string? Job,
    DateTimeOffset StartedAt, DateTimeOffset SeenAt, int Finished, int Failed, string? Reason,
    IReadOnlyList<string>? Models, double? MemoryGib);

/// <summary>The workers and the statistics of the queue.</summary>
internal sealed record WorkersView(IReadOnlyList<WorkerView> Workers, int Queued, int Fetching, int Running, double TypicalSeconds,
    double OldestSeconds);

/// <summary>The models and presets that a submission can choose, and the limits of inputs.</summary>
/// <param name="Samples">Names of sample portraits with a voice, as /samples/NAME.png and /samples/NAME.mp3.</param>
/// <param name="Example">The sample that has a video too, /samples/NAME.mp4, which the default model made; null when there is none.</param>
internal sealed record OptionsView(
    IReadOnlyList<ModelView> Models, string DefaultModel, LimitsView Limits, IReadOnlyList<string> Samples, string? Example)
{
    public static OptionsView Create(ModelCatalog catalog, ServeSettings settings) => new(
        catalog.Models, catalog.Default,
        new LimitsView((long)(settings.MaxInputMb * 1e6), settings.MaxAudioSeconds, settings.MaxPictureMegapixels), SampleNames,
        SampleNames.FirstOrDefault(name => File.Exists(Path.Combine(PageFolder.Path, "samples", name + ".mp4"))));

    private static readonly string[] SampleNames = FindSamples(Path.Combine(PageFolder.Path, "samples"));

    private static string[] FindSamples(string folder) => !Directory.Exists(folder) ? [] :
        [
            .. Directory.EnumerateFiles(folder, "*.png").Where(file => File.Exists(Path.ChangeExtension(file, ".mp3")))
                .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)
        ];
}

/// <summary>The limits of inputs.</summary>
internal sealed record LimitsView(long InputBytes, double AudioSeconds, double PictureMegapixels);
