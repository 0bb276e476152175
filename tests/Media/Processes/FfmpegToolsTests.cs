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
        const string List = " V....D h264_nvenc  NVIDIA\n V....D libopenh264 OpenH264\n A....D aac  AAC\n V..... = Video\n";
        H264Encoder.Candidates(FfmpegInventory.Names(List)).ShouldBe(["libopenh264", "h264_nvenc"]);
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

    /// <summary>For example, a build without the filter zscale cannot read a video in HDR.</summary>
    [Fact]
    public async Task A_filter_that_ffmpeg_was_built_without_is_named()
    {
        await using var process = ToolProcess.Start(
            FfmpegTools.Find().Ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "color=s=16x16:d=1", "-vf", "nosuch=1", "-f", "null", "-"]);
        (await process.WaitAsync(TestContext.Current.CancellationToken)).ShouldNotBe(0);
        process.Complaint("").ShouldBe(
            "No such filter: 'nosuch', which this build of ffmpeg lacks ('locutor doctor' shows all that is missing)");
    }

    [Fact]
    public async Task A_tool_that_something_else_kills_is_told_so()
    {
        await using var process = ToolProcess.Start("sleep", ["1000"]);
        System.Diagnostics.Process.GetProcessById(process.Id).Kill();
        await process.WaitAsync(TestContext.Current.CancellationToken);
        process.Complaint("").ShouldBe("sleep was killed by signal 9, perhaps for lack of memory");
        await using var own = ToolProcess.Start("sleep", ["1000"]);
        own.Kill();
        await own.WaitAsync(TestContext.Current.CancellationToken);
        own.Complaint("").ShouldBe(Complaints.None);
        // ffmpeg ends with this code when it is asked to stop. At the log level "error" it writes nothing about it.
        await using var asked = ToolProcess.Start("sh", ["-c", "exit 255"]);
        await asked.WaitAsync(TestContext.Current.CancellationToken);
        asked.Complaint("").ShouldBe(Complaints.None);
    }

    public void Dispose() => folder.Dispose();
}
