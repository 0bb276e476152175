using System.Text;
using System.Xml.Linq;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Video;

public sealed class SyntheticMediaLabelTests : IDisposable
{
    private static readonly byte[] FileType = [0, 0, 0, 16, .. "ftypisom"u8, 0, 0, 0, 0];
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("Locutor 0.1", "wan14b", 0)]
    [InlineData("<script>&amp;", "]]></x:xmpmeta>\"'", long.MinValue)]
    [InlineData("Ünïcode 声", "𝄞", long.MaxValue)]
    public void Reads_what_was_written(string program, string model, long seed)
    {
        var label = new SyntheticMediaLabel(program, model, seed);
        string path = folder.Write("a.mp4", FileType, label.ToBox(), [0, 0, 0, 8, .. "free"u8]);
        SyntheticMediaLabel.Read(path).ShouldBe(label);
    }

    [Fact]
    public void The_packet_is_what_iptc_and_xmp_describe()
    {
        byte[] box = new SyntheticMediaLabel("Locutor", "m", 7).ToBox();
        Encoding.ASCII.GetString(box, 4, 4).ShouldBe("uuid");
        Convert.ToHexString(box, 8, 16).ShouldBe("BE7ACFCB97A942E89C71999491E3AFAC");
        var packet = XDocument.Parse(Encoding.UTF8.GetString(box.AsSpan(24)));
        XNamespace iptc = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", xmp = "http://ns.adobe.com/xap/1.0/",
            rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
        var description = packet.Descendants(rdf + "Description").ShouldHaveSingleItem();
        description.Element(iptc + "DigitalSourceType")!.Value.ShouldBe(
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia");
        description.Element(xmp + "CreatorTool")!.Value.ShouldBe("Locutor");
    }

    [Fact]
    public void Files_without_a_label_or_with_a_broken_one_are_read_without_an_error()
    {
        var random = TestSeed.NewRandom();
        byte[] box = new SyntheticMediaLabel("Locutor", "m", 7).ToBox();
        SyntheticMediaLabel.Read(folder.Write("a.mp4", FileType)).ShouldBeNull();
        SyntheticMediaLabel.Read(folder.Write("b.mp4", FileType, box[..(box.Length / 2)])).ShouldBeNull();
        SyntheticMediaLabel.Read(folder.Write("c.mp4", FileType, [0, 0, 0, 1, .. "uuid"u8, .. Enumerable.Repeat((byte)255, 8)]))
            .ShouldBeNull();
        SyntheticMediaLabel.Read(folder.Write("d.mp4", random.Bytes(random.Next(100)))).ShouldBeNull();
        SyntheticMediaLabel.Read(
            folder.Write("e.mp4", FileType, [.. box[..24], .. "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"u8]))
            .ShouldBeNull();
        string hostile = folder.Write(
            "f.mp4", FileType, Box(box.AsSpan(8, 16), "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"u8));
        Should.Throw<MediaException>(() => SyntheticMediaLabel.Read(hostile)).Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        Should.Throw<MediaException>(() => SyntheticMediaLabel.Read(folder["missing.mp4"])).Code.ShouldBe(MediaErrorCodes.FetchFailed);
    }

    private static byte[] Box(ReadOnlySpan<byte> uuid, ReadOnlySpan<byte> content) =>
        [0, 0, 0, (byte)(8 + uuid.Length + content.Length), .. "uuid"u8, .. uuid, .. content];

    public void Dispose() => folder.Dispose();
}
