using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Locutor.Media;
using Locutor.Media.Sound;

namespace Locutor.TextToSpeech.Engines;

/// <summary>
/// A server with OpenAI's protocol <c>/v1/audio/speech</c>: Kokoro-FastAPI, openedai-speech, LocalAI, OpenAI's own and others. Redirects
/// are not followed, and answers are bounded in size and time.
/// </summary>
public sealed class SpeechServer : ISpeechEngine, IDisposable
{
    private const int SampleRate = 24_000;
    private const int LongestAnswer = 128 << 20, LongestList = 1 << 20, LongestReason = 300;
    private static readonly TimeSpan KeepList = TimeSpan.FromMinutes(5);

    /// <summary>Voices that most servers have, for a server without a list.</summary>
    private static readonly string[] Common = ["alloy", "echo", "fable", "onyx", "nova", "shimmer"];

    private readonly SpeechServerOptions options;
    private readonly HttpClient http;
    private (IReadOnlyList<Voice> Voices, long Until)? list;

    /// <summary>Creates a client of a server.</summary>
    /// <param name="options">The server.</param>
    /// <param name="handler">Opens the connections and decides which addresses are allowed; null allows all. Disposed with this
    /// object.</param>
    public SpeechServer(SpeechServerOptions options, HttpMessageHandler? handler = null)
    {
        this.options = options;
        http = new HttpClient(
            handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
        { Timeout = Timeout.InfiniteTimeSpan };
        if (options.Key is { } key) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public string Name => "server";

    public string SourceType => "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

    /// <summary>Half of the limit of OpenAI's protocol, so that a voice keeps its tone and an answer arrives in time.</summary>
    public int? LongestPassage => 2000;

    public async Task<IReadOnlyList<Voice>> VoicesAsync(CancellationToken cancellationToken)
    {
        if (list is { } known && Environment.TickCount64 < known.Until) return known.Voices;
        var names = options.Voices.Count > 0 ? options.Voices : await AskForVoicesAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<Voice> voices = [.. names.Select(name => new Voice(Name, name, "", $"{options.Model} at {options.Address.Host}"))];
        list = (voices, Environment.TickCount64 + (long)KeepList.TotalMilliseconds);
        return voices;
    }

    public async Task<Voice?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await VoicesAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(voice => voice.Name == name);

    public async Task<Voice> OtherAsync(Voice voice, CancellationToken cancellationToken) =>
        (await VoicesAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(other => other.Name != voice.Name, voice);

    public IAsyncEnumerable<Speech> SpeakAsync(IReadOnlyList<string> passages, Voice voice, CancellationToken cancellationToken) =>
        Speech.WithoutMarksAsync(passages, passage => SpeakAsync(passage, voice, cancellationToken));

    private async Task<Waveform> SpeakAsync(string passage, Voice voice, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, At("audio/speech"))
        {
            Content = JsonContent.Create(new { model = options.Model, input = passage, voice = voice.Name, response_format = "wav" }),
        };
        string file = Path.Combine(Path.GetTempPath(), $"locutor-speech-{Guid.NewGuid():N}");
        try
        {
            using (var target = new FileStream(file, FileMode.CreateNew))
                await SendAsync(request, target, LongestAnswer, cancellationToken).ConfigureAwait(false);
            return await AudioDecoder.DecodeAsync(file, SampleRate, MediaLimits.Default, cancellationToken).ConfigureAwait(false);
        }
        catch (MediaException broken)
        {
            throw Failed(
                $"its answer cannot be used as sound: {broken.Message.Replace(file + ": ", "", StringComparison.Ordinal)}", broken);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public void Dispose() => http.Dispose();

    /// <summary>Requests the list of voices. For a server without such a list, returns names that most servers have.</summary>
    private async Task<IReadOnlyList<string>> AskForVoicesAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At("audio/voices"));
        using var answer = new MemoryStream();
        if (await SendAsync(
            request, answer, LongestList, cancellationToken,
            absent: [HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed]).ConfigureAwait(false) is false)
        {
            return Common;
        }
        try
        {
            using var json = JsonDocument.Parse(answer.GetBuffer().AsMemory(0, (int)answer.Length));
            var root = json.RootElement;
            var voices = root.ValueKind is JsonValueKind.Object && root.TryGetProperty("voices", out var inside) ? inside : root;
            string[] names =
            [
                .. voices.EnumerateArray().Select(NameOf).OfType<string>()
                    .Where(name => name.Length is > 0 and <= 100 && !name.Any(char.IsControl))
            ];
            return names.Length > 0 ? names : Common;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            throw Failed("its list of voices cannot be read; set speech_voices", broken);
        }
    }

    private static string? NameOf(JsonElement voice) => voice.ValueKind switch
    {
        JsonValueKind.String => voice.GetString(),
        JsonValueKind.Object when voice.TryGetProperty("id", out var id) || voice.TryGetProperty("name", out id) =>
            id.ValueKind is JsonValueKind.String ? id.GetString() : null,
        _ => null,
    };

    /// <summary>Sends a request and copies the answer's body.</summary>
    /// <returns>False if the server answered with one of the statuses <paramref name="absent"/>.</returns>
    private async Task<bool> SendAsync(
        HttpRequestMessage request, Stream target, long longest, CancellationToken cancellationToken, HttpStatusCode[]? absent = null)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(options.Patience);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timer.Token).ConfigureAwait(false);
            if (absent?.Contains(response.StatusCode) == true) return false;
            if (response.StatusCode != HttpStatusCode.OK) throw Failed(await ReasonAsync(response, timer.Token).ConfigureAwait(false));
            using var body = await response.Content.ReadAsStreamAsync(timer.Token).ConfigureAwait(false);
            if (!await CopyAsync(body, target, longest, timer.Token).ConfigureAwait(false))
                throw Failed($"its answer is larger than {longest >> 20} MiB");
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"no whole answer within {options.Patience.TotalSeconds:0.#} s");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw Failed((failure.InnerException ?? failure).Message, failure);
        }
    }

    private static async Task<bool> CopyAsync(Stream body, Stream target, long longest, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            if ((total += read) > longest) return false;
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
        return true;
    }

    /// <summary>Returns the status with the start of the body, which usually has the reason.</summary>
    private async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] start = new byte[LongestReason];
        int length = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        string words = new(
            [.. System.Text.Encoding.UTF8.GetString(start, 0, length).Select(letter => char.IsControl(letter) ? ' ' : letter)]);
        string hint = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "; check speech_key",
            >= HttpStatusCode.Moved and < HttpStatusCode.BadRequest => "; redirects are not followed, set speech_url to the final address",
            _ => "",
        };
        return $"answered {(int)response.StatusCode} {words.Trim()}{hint}".Replace(options.Key ?? "\0", "***", StringComparison.Ordinal);
    }

    private Uri At(string path)
    {
        string address = options.Address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new Uri($"{address}{(address.EndsWith("/v1", StringComparison.Ordinal) ? "" : "/v1")}/{path}");
    }

    private SpeechException Failed(string reason, Exception? inner = null) =>
        new(SpeechFault.EngineFailed, $"the speech server {options.Address.Authority}: {reason}", inner);
}
