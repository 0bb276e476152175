using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Locutor.Files;

namespace Locutor.StubService;

/// <summary>
/// Videos of known inputs. Most jobs of the tests have the same picture and voice, and each start of ffmpeg takes 60 ms of CPU time. The
/// programs of one run of <c>./test</c> share the videos in the folder of the run. Inputs that ffmpeg refuses are not kept.
/// </summary>
internal static class MadeVideos
{
    private const int MostInMemory = 64;
    private static readonly ConcurrentDictionary<string, (byte[] Video, byte[]? Thumbnail)> Known = new(StringComparer.Ordinal);
    private static readonly string? Run = Environment.GetEnvironmentVariable("LOCUTOR_TEST_RUN");

    /// <summary>Returns the video of some inputs, which is made if there is none yet.</summary>
    /// <param name="inputs">All that the video depends on.</param>
    /// <param name="makeAsync">Makes the video and its thumbnail.</param>
    public static async Task<(byte[] Video, byte[]? Thumbnail)> GetAsync(
        string inputs, Func<Task<(byte[] Video, byte[]? Thumbnail)>> makeAsync)
    {
        if (Known.TryGetValue(inputs, out var known)) return known;
        string? path = Directory.Exists(Run)
            ? Path.Combine(Run, "stub-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(inputs))))
            : null;
        var made = Read(path) ?? await makeAsync();
        if (Known.Count >= MostInMemory) Known.Clear();
        Known[inputs] = made;
        Keep(path, made);
        return made;
    }

    private static (byte[] Video, byte[]? Thumbnail)? Read(string? path)
    {
        if (!File.Exists(path + ".mp4")) return null;
        string thumbnail = path + ".jpg";
        return (File.ReadAllBytes(path + ".mp4"), File.Exists(thumbnail) ? File.ReadAllBytes(thumbnail) : null);
    }

    private static void Keep(string? path, (byte[] Video, byte[]? Thumbnail) made)
    {
        if (path is null || File.Exists(path + ".mp4")) return;
        try
        {
            if (made.Thumbnail is not null) AtomicFile.Write(path + ".jpg", made.Thumbnail);
            AtomicFile.Write(path + ".mp4", made.Video); // last, because its existence says that both are complete
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A service of another user, or with a limit of file sizes, makes its videos itself.
        }
    }
}
