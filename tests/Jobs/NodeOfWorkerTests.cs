using System.Net;
using Locutor.Jobs.Grains;

namespace Locutor.Jobs.Tests;

public sealed class NodeOfWorkerTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("fd00::17")]
    public void The_node_of_a_worker_is_in_its_id(string address)
    {
        var node = SiloAddress.New(new IPEndPoint(IPAddress.Parse(address), 11_111), 154_665_633);
        NodeOfWorker.Find($"machine/0a1b2c3d/{NodeOfWorker.Name(node)}/0-1").ShouldBe(node);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("machine/5f0c6b7e2f3d4a1c9e8b7a6f5d4c3b2a")]
    [InlineData("machine/0a1b2c3d/1234abcd/0-1")]
    [InlineData("machine/0a1b2c3d/nowhere@x/0-1")]
    public void A_worker_that_no_node_started_has_none(string? id) => NodeOfWorker.Find(id).ShouldBeNull();
}
