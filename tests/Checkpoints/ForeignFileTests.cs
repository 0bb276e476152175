using System.Text;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests;

/// <summary>Files that failed downloads and repositories leave in a checkpoint's place: each is named, with what to do.</summary>
public sealed class ForeignFileTests : TemporaryFolder
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize " +
        "2145998104\n";

    [Theory]
    [InlineData(Pointer, "a pointer of git-lfs to a file of 2145998104 bytes, not the checkpoint itself: run 'git lfs pull'")]
    [InlineData("<!DOCTYPE html>\n<html><head><title>Access denied</title></head></html>", "a web page (HTML)")]
    [InlineData("\uFEFF<html lang=en>", "a web page (HTML)")]
    [InlineData("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML with a server's answer")]
    [InlineData(
        "{\"error\":\"Invalid credentials in Authorization header\"}",
        "JSON with a server's error message: {\"error\":\"Invalid credentials")]
    [InlineData("{\"message\":\"rate limited\"}", "JSON with a server's error message")]
    [InlineData("Entry not found", "a text, not a checkpoint: Entry not found")]
    [InlineData("Invalid username or password.", "a text, not a checkpoint")]
    public void Texts_instead_of_checkpoints_are_named(string text, string message)
    {
        foreach (string name in new[] { "m.safetensors", "m.gguf", "m.pth", "m.bin" })
            Refused(name, Encoding.UTF8.GetBytes(text), message);
    }

    [Fact]
    public void Empty_unfinished_and_packed_files_are_named()
    {
        foreach (string name in new[] { "m.safetensors", "m.gguf", "m.pth" })
        {
            Refused(name, [], "the file is empty");
            Refused(name, new byte[4096], "the file is not complete");
            Refused(name, [0x1F, 0x8B, 8, 0, .. new byte[60]], "a compressed archive");
            Refused(name, [0x89, .. "HDF\r\n\u001A\n"u8, .. new byte[60]], "an HDF5 file");
        }
    }

    [Fact]
    public void A_download_that_broke_off_is_named()
    {
        string path = At("whole.safetensors");
        using (var writer = new SafetensorsWriter(path, [new("a", ElementType.Float32, [64])]))
        {
            writer.Append("a", new byte[256]);
            writer.Complete();
        }
        byte[] whole = File.ReadAllBytes(path);
        Refused("cut.safetensors", whole[..^100], "the file is not complete, fetch it again");
        using var file = CheckpointFormats.Open(Write("m.bin", whole)); // the format is detected from the content, not the name
        file.Format.ShouldBe("safetensors");
    }

    [Fact]
    public void Metadata_without_tensors_is_no_adapter_and_no_network()
    {
        byte[] json = "{\"__metadata__\": {\"format\": \"pt\", \"ss_network_dim\": \"32\"}}"u8.ToArray();
        string path = Write("meta.safetensors", [.. BitConverter.GetBytes((long)json.Length), .. json]);
        Should.Throw<CheckpointException>(() => LoraFile.Open(path)).Message.ShouldContain(
            "expected the tensors of an adapter, found none");
        Should.Throw<CheckpointException>(() => NetworkCheckpoint.Open(path)).Message.ShouldContain(
            "expected the tensors of a network, found none");
        using var file = CheckpointFormats.Open(path);
        file.Metadata["ss_network_dim"].ShouldBe("32"); // such a file can be inspected
    }

    [Fact]
    public void A_shard_that_is_a_pointer_is_named_by_its_own_path()
    {
        Write("m-00001-of-00001.safetensors", Encoding.UTF8.GetBytes(Pointer));
        Write("m.safetensors.index.json", "{\"weight_map\":{\"a\":\"m-00001-of-00001.safetensors\"}}"u8.ToArray());
        var error = Should.Throw<CheckpointException>(() => CheckpointFormats.Open(At("m.safetensors.index.json")));
        error.Message.ShouldStartWith(At("m-00001-of-00001.safetensors"));
        error.Message.ShouldContain("git lfs pull");
    }

    private void Refused(string name, byte[] bytes, string message)
    {
        var error = Should.Throw<CheckpointException>(() => CheckpointFormats.Open(Write(name, bytes)));
        error.Message.ShouldStartWith(At(name));
        error.Message.ShouldContain(message);
    }
}
