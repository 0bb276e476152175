using System.ComponentModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Views;
using ModelContextProtocol;
using ModelContextProtocol.Server;

namespace Locutor.Service.Api.Mcp;

/// <summary>The tools of the Model Context Protocol: make a talking video, ask for its state, get its address.</summary>
[McpServerToolType]
internal sealed class VideoTools(
    IHttpContextAccessor accessor, JobIntake intake, JobViews views, SignedLinks links, TimeProvider time, ServeSettings settings)
{
    private static readonly TimeSpan LinkLife = TimeSpan.FromHours(24);

    // Assistants copy addresses out of the text as they stand, so '&' must not become \u0026.
    private static readonly JsonSerializerOptions Readable = new(Problems.Json) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private HttpContext Context => accessor.HttpContext ?? throw new InvalidOperationException("a tool was called outside a request");

    [McpServerTool(Name = "make_talking_video", Title = "Make a talking video", Destructive = false)]
    [Description(
        "Makes a video in which the person of a picture speaks. Returns the id of the job at once; the video takes minutes. Ask for its " +
        "state with talking_video_state, then get it with talking_video_result.")]
    public Task<string> MakeAsync(
        [Description("Address of the portrait: http, https or a data URL. For a source video use the field video of the HTTP API.")]
        string image,
        [Description("The words to speak. Give either text or audio.")] string? text = null,
        [Description("Address of the voice as a sound: http, https or a data URL.")] string? audio = null,
        [Description("Voice that speaks the text: a name of GET /v1/voices.")] string? voice = null,
        [Description("Content of the video, such as: a woman is singing.")] string? prompt = null,
        [Description("Name of the model. Default: the default model of the service.")] string? model = null) => GuardAsync(async () =>
        {
            var fields = new Dictionary<string, string?>
            {
                ["image"] = image,
                ["text"] = text,
                ["audio"] = audio,
                ["voice"] = voice,
                ["prompt"] = prompt,
                ["model"] = model,
            };
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(fields.Where(field => field.Value is not null).ToDictionary());
            var accepted = await intake.AcceptJsonAsync(Context.Caller(), Context, json, key: null);
            return await ShowAsync(accepted.JobId);
        });

    [McpServerTool(Name = "talking_video_state", Title = "State of a talking video", ReadOnly = true)]
    [Description("Returns the status (queued, running, succeeded, failed, canceled or expired), the progress and the time left.")]
    public Task<string> StateAsync([Description("The id of the job, as fc-...")] string id) => GuardAsync(() => ShowAsync(id));

    [McpServerTool(Name = "talking_video_result", Title = "Get a talking video", ReadOnly = true)]
    [Description("Returns an address at which the finished video can be opened for 24 hours without a token.")]
    public Task<string> ResultAsync([Description("The id of the job, as fc-...")] string id) => GuardAsync(async () =>
    {
        var job = await views.FindAsync(Context.Caller(), id);
        if (job.Result is not { } result)
            throw new ProblemException(409, "not_ready", $"the job is {job.Status.ToString().ToLowerInvariant()}");
        string url = Context.Request.Origin(settings) + links.Sign(Context.Caller(), HttpMethods.Get, $"/v1/jobs/{job.Id}/video", LinkLife);
        return JsonSerializer.Serialize(
            new { job.Id, Url = url, ExpiresAt = time.GetUtcNow() + LinkLife, result.Seconds, result.Width, result.Height }, Readable);
    });

    private async Task<string> ShowAsync(string id)
    {
        var view = await views.ShowAsync(await views.FindAsync(Context.Caller(), id));
        return JsonSerializer.Serialize(view with { Progress = view.Progress with { Preview = null } }, Readable);
    }

    /// <summary>Reports to the assistant why a request is refused; other exceptions are not reported to it.</summary>
    private static async Task<string> GuardAsync(Func<Task<string>> act)
    {
        try
        {
            return await act();
        }
        catch (ProblemException problem)
        {
            throw new McpException($"{problem.Code}: {problem.Message}");
        }
    }
}
