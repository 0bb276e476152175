using Locutor.Media.Probing;

namespace Locutor.Media.Tests.Probing;

public sealed class RecentReportsTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_report_is_found_until_its_file_changes()
    {
        string path = folder["a.wav"];
        File.WriteAllBytes(path, new byte[100]);
        var reports = new RecentReports();
        reports.Find(Key("mp3")).ShouldBeNull();
        reports.Add(Key("mp3"), [1, 2, 3]);
        reports.Find(Key("mp3")).ShouldBe([1, 2, 3]);
        reports.Find(Key("wav")).ShouldBeNull("another demuxer describes it in another way");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(-5));
        reports.Find(Key("mp3")).ShouldBeNull("written again");
        reports.Add(Key("mp3"), [4]);
        File.WriteAllBytes(path, new byte[101]);
        reports.Find(Key("mp3")).ShouldBeNull("another length");

        RecentReports.Key Key(string demuxer) => RecentReports.Key.Read(path, [demuxer]);
    }

    [Fact]
    public void The_oldest_report_makes_room_and_large_ones_are_not_kept()
    {
        var reports = new RecentReports();
        for (int i = 0; i < 17; i++) reports.Add(Key(i), [(byte)i]);
        reports.Find(Key(0)).ShouldBeNull();
        reports.Find(Key(1)).ShouldBe([1]);
        reports.Find(Key(16)).ShouldBe([16]);
        reports.Add(Key(17), new byte[(64 << 10) + 1]);
        reports.Find(Key(17)).ShouldBeNull();

        static RecentReports.Key Key(int file) => new($"/{file}", 1, default, "");
    }

    [Fact]
    public async Task A_file_that_was_replaced_is_described_anew()
    {
        string path = folder.Write("a.wav", WavFile.Float(8000, 1, 800, (_, _) => 0.5f));
        (await MediaProbe.ProbeAsync(path, MediaLimits.Default, TestContext.Current.CancellationToken)).Audio!.SampleRate.ShouldBe(8000);
        long bytes = new FileInfo(path).Length;
        folder.Write("a.wav", WavFile.Float(11025, 1, 800, (_, _) => 0.5f));
        new FileInfo(path).Length.ShouldBe(bytes);
        (await MediaProbe.ProbeAsync(path, MediaLimits.Default, TestContext.Current.CancellationToken)).Audio!.SampleRate.ShouldBe(11025);
    }
}
