using Locutor.Media.Processes;

namespace Locutor.Media.Tests.Processes;

public sealed class FfmpegToolsTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public void Both_tools_are_found_on_the_path_and_a_missing_one_is_named()
    {
        var tools = FfmpegTools.Find();
        (File.Exists(tools.Ffmpeg) && File.Exists(tools.Ffprobe)).ShouldBeTrue();
        folder.Write("ffmpeg", "");
        Should.Throw<MediaException>(() => FfmpegTools.Find(folder.Path)).Message.ShouldStartWith(
            "ffprobe was not found on PATH: install ffmpeg");
        Should.Throw<MediaException>(() => FfmpegTools.Find("relative:/nowhere")).Message.ShouldStartWith("ffmpeg was not found");
    }

    [Fact]
    public async Task Other_h264_encoders_stand_in_for_x264_and_none_is_an_error()
    {
        H264Encoder.Candidates(" V....D h264_nvenc  NVIDIA\n V....D libopenh264 OpenH264\n A....D aac  AAC\n V..... = Video\n")
            .ShouldBe(["libopenh264", "h264_nvenc"]);
        // An ffmpeg without an encoder, and one that lists a hardware encoder which does not work.
        foreach (string script in
                new[] { "#!/bin/sh\nexit 0\n", "#!/bin/sh\ncase \"$*\" in *-encoders) echo ' V....D h264_nvenc x';; *) exit 1;; esac\n" })
        {
            string fake = folder[$"tool{script.Length}"];
            await ScriptFile.WriteAsync(fake, script);
            var error = await Should.ThrowAsync<MediaException>(
                () => H264Encoder.FindAsync(new FfmpegTools(fake, fake), TestContext.Current.CancellationToken));
            error.Message.ShouldContain("libx264");
        }
        (await H264Encoder.FindAsync(FfmpegTools.Find(), TestContext.Current.CancellationToken)).Name.ShouldNotBeEmpty();
    }

    public void Dispose() => folder.Dispose();
}
