using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>Adapters (LoRA) that the operator has put into the store, on a worker whose model is loaded.</summary>
[Collection(Alone.Name)]
public sealed class AdapterTests
{
    /// <summary>15 frames: enough for the adapter to show, and each costs the bundled model a tenth of a second of CPU time.</summary>
    private static readonly byte[] Voice = Samples.Voice(0.6);

    [Fact]
    public async Task An_adapter_changes_the_video_of_its_job_alone()
    {
        using var store = new AdapterStore();
        await using var service = await ServiceProcess.StartRealAsync(store.Environment, "--set", "model=sketch");
        using var client = service.CreateClient(TokenScopes.All);
        int worker = await client.WorkerOfAsync();
        string before = await FramesAsync(client);
        string adapted = await FramesAsync(client, ("lora", "film=2"));
        string after = await FramesAsync(client);
        adapted.ShouldNotBe(before);
        after.ShouldBe(before, "the weights of the model are again what they were, bit for bit");
        (await client.WorkerOfAsync()).ShouldBe(worker);
        using var refused = await client.UploadAsync(Samples.Picture, Voice, ("lora", "other-network"));
        ((int)refused.StatusCode).ShouldBe(422);
        string reason = (await TokenClient.ReadAsync(refused)).GetProperty("errors").GetProperty("lora")[0].GetString()!;
        reason.ShouldStartWith("expected an adapter for the model sketch, found one that does not fit: other-network: ");
        reason.ShouldNotContain(store.Folder);
    }

    /// <summary>Makes a video and returns the hash of its frames.</summary>
    private static async Task<string> FramesAsync(TokenClient client, params (string, string)[] fields)
    {
        string id = await client.SubmitAsync(Samples.Picture, Voice, [("steps", "1"), ("seed", "18"), .. fields]);
        var job = await client.EndAsync(id, 240);
        job.GetProperty("status").GetString().ShouldBe("succeeded", job.ToString());
        job.GetProperty("result").GetProperty("device").GetString().ShouldBe($"CPU, {Environment.ProcessorCount} cores");
        return Samples.HashOfFrames(await client.Http.GetByteArrayAsync($"/v1/jobs/{id}/video"));
    }
}
