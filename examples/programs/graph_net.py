"""Message passing on a random graph tells which of three communities a node belongs to.

tc-engine collect -o graph_run -- python examples/programs/graph_net.py
"""

import argparse

import torch
import torch.nn.functional as F
from torch import Tensor, nn

COMMUNITIES = 3


def make_graph(nodes: int, inside: float, outside: float) -> tuple[Tensor, Tensor]:
    """Return the edges (2 x count, both directions) and the community of each node."""
    community = torch.arange(nodes) % COMMUNITIES
    probability = torch.where(community[:, None] == community[None, :], inside, outside)
    adjacent = torch.triu(torch.rand(nodes, nodes) < probability, diagonal=1)
    edges = adjacent.nonzero().t()
    return torch.cat([edges, edges.flip(0)], dim=1), community


class MessagePassing(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.neighbours = nn.Linear(inputs, outputs, bias=False)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        source, target = edges
        messages = torch.zeros_like(x).index_add(0, target, x[source])
        degree = x.new_zeros(len(x)).index_add(0, target, x.new_ones(len(target)))
        return self.own(x) + self.neighbours(messages / degree.clamp(min=1)[:, None])


class GraphNet(nn.Module):
    def __init__(self, inputs: int, width: int = 32) -> None:
        super().__init__()
        self.first = MessagePassing(inputs, width)
        self.second = MessagePassing(width, COMMUNITIES)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        return self.second(self.dropout(F.relu(self.first(x, edges))), edges)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--nodes", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    edges, community = make_graph(options.nodes, inside=0.12, outside=0.02)
    features = F.one_hot(community, COMMUNITIES) + 1.5 * torch.randn(options.nodes, COMMUNITIES)
    known = torch.rand(options.nodes) < 0.3
    model = GraphNet(COMMUNITIES)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
    for epoch in range(1, options.epochs + 1):
        model.train()
        optimizer.zero_grad()
        output = model(features, edges)
        loss = F.cross_entropy(output[known], community[known])
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            found = model(features, edges).argmax(dim=1)
        right = (found == community)[~known].float().mean().item()
        print(f"epoch {epoch:2d} loss {loss.item()!r} accuracy {right:.1%}")


if __name__ == "__main__":
    main()
